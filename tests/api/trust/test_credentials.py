"""Content credentials: what the library's own reader says of the copies that are given away."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from PIL import Image
from typer.testing import CliRunner

from api.contract.evidence.package import seal_package
from api.contract.evidence.tarball import write_tar
from api.trust import credentials
from api.trust.credentials import CredentialsError, CredentialsMissing, read_credentials
from api.trust.keys import open_site_keys
from plumewatch.cli import app
from tests.api.conftest import Posting, RunningApi, sample_lead
from tests.api.contract.sample import LEAD_ID, ORIGINS, TestSigner, sample_manifest, write_evidence
from tests.api.wall.stage import make_square_clip

pytest.importorskip("c2pa", reason="needs the extra c2pa")

BASE = f"/v1/evidence/{LEAD_ID}"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of 2 s."""
    return make_square_clip(tmp_path_factory.mktemp("clips") / "square.mp4", 2.0)


def picture() -> bytes:
    """A red picture."""
    target = BytesIO()
    Image.new("RGB", (160, 90), (200, 0, 0)).save(target, "PNG")
    return target.getvalue()


@pytest.fixture
def package(signer: TestSigner, clip: Path, tmp_path: Path) -> Path:
    """A package with a clip that plays and a real picture."""
    folder = tmp_path / "made" / LEAD_ID
    write_evidence(folder)
    (folder / "clip.mp4").write_bytes(clip.read_bytes())
    (folder / "f0001.png").write_bytes(picture())
    seal_package(folder, sample_manifest(), ORIGINS, signer)
    return folder


@pytest.fixture
def filed(enrolled: httpx.Client, package: Path, tmp_path: Path) -> Posting:
    """The package, filed."""
    tar = tmp_path / "package.tar"
    with tar.open("wb") as target:
        write_tar(package, target)
    sums = hashlib.sha256((package / "SHA256SUMS").read_bytes()).hexdigest()
    posting = Posting(sample_lead(LEAD_ID, sums), tar.read_bytes())
    assert posting.send(enrolled).status_code == 201
    return posting


def site_root(api: RunningApi) -> bytes:
    """The root of the site's keys, PEM."""
    return api.state.provers.keys.root.certificate.public_bytes(Encoding.PEM)


def kept(tmp_path: Path, answer: httpx.Response) -> Path:
    """Write an answer under the name that it proposes."""
    assert answer.status_code == 200, answer.text
    name = answer.headers["content-disposition"].partition('filename="')[2].rstrip('"')
    path = tmp_path / name
    path.write_bytes(answer.content)
    return path


def test_a_clip_tells_of_what_it_is_a_copy(
    api: RunningApi, operator: httpx.Client, filed: Posting, clip: Path, tmp_path: Path
) -> None:
    """Hash, package, node and times; trusted under the site's root, valid without; the original stays as it is."""
    assert filed.lead.evidence is not None
    copy = kept(tmp_path, operator.get(f"{BASE}/c2pa/clip.mp4"))
    assert copy.name == f"{LEAD_ID}_clip_c2pa.mp4"
    found = read_credentials(copy, site_root(api))
    assert (found.state, found.failures, found.holds, found.issuer) == ("Trusted", (), True, "Plumewatch")
    assert found.statement == {
        "lead_id": LEAD_ID,
        "package_sums_sha256": filed.lead.evidence.sums_sha256,
        "file": "clip.mp4",
        "original_sha256": hashlib.sha256(clip.read_bytes()).hexdigest(),
        "node": "worker-01",
        "camera": "gate-3",
        "first_utc": "2026-11-23T02:29:55.120Z",
        "last_utc": "2026-11-23T02:30:15.120Z",
        "clock_source": "rtcp",
        "clock_uncertainty_s": 0.05,
        "package_made_utc": "2026-11-23T02:30:26.120Z",
        "redacted": False,
    }
    alone = read_credentials(copy)
    assert (alone.state, alone.failures, alone.holds) == ("Valid", (), True)
    assert operator.get(f"{BASE}/files/clip.mp4").content == clip.read_bytes()
    entries = operator.get(f"{BASE}/custody").json()["entries"]
    assert ("exported", "clip.mp4", "c2pa") in [(each["action"], each["file"], each["result"]) for each in entries]


def test_a_byte_changed_is_seen_by_the_reader(operator: httpx.Client, filed: Posting, tmp_path: Path) -> None:
    """In the pictures it is: the manifest no longer fits; other certificates than the site's give no trust."""
    assert filed.lead.lead_id == LEAD_ID
    copy = kept(tmp_path, operator.get(f"{BASE}/c2pa/clip.mp4"))
    assert read_credentials(copy, TestSigner("Stranger CA", ca=True).certificate_pem).state == "Valid"
    data = bytearray(copy.read_bytes())
    data[data.index(b"mdat") + 2000] ^= 1
    copy.write_bytes(bytes(data))
    found = read_credentials(copy)
    assert (found.holds, found.failures) == (False, ("assertion.bmffHash.mismatch",))


def test_a_covered_copy_says_that_it_is_one(
    api: RunningApi, operator: httpx.Client, filed: Posting, tmp_path: Path
) -> None:
    """Its own hash, the leaf of the log, and the original as its parent."""
    assert filed.lead.lead_id == LEAD_ID
    asked = {"file": "f0001.png", "boxes": [[40, 20, 80, 60]], "reason": "无关人员"}
    made = operator.post(f"{BASE}/redactions", json=asked).json()
    copy = kept(tmp_path, operator.get(f"{BASE}/c2pa/{made['sha256']}.jpg"))
    assert copy.name == f"{LEAD_ID}_f0001_redacted_c2pa.jpg"
    found = read_credentials(copy, site_root(api))
    assert found.state == "Trusted"
    assert {name: found.statement[name] for name in ("redacted", "copy_sha256", "log_index", "original_sha256")} == {
        "redacted": True,
        "copy_sha256": made["sha256"],
        "log_index": made["log_index"],
        "original_sha256": made["source_sha256"],
    }
    assert "无关人员" not in json.dumps(found.statement, ensure_ascii=False)


@pytest.mark.parametrize(
    ("name", "status", "slug"),
    [
        ("none.mp4", 404, "not-found"),
        (f"{'0' * 64}.mp4", 404, "not-found"),
        ("detections.jsonl", 422, "invalid-input"),
        ("overlay.jpg", 422, "invalid-input"),
    ],
)
def test_what_can_have_no_manifest_is_refused(
    operator: httpx.Client, filed: Posting, name: str, status: int, slug: str
) -> None:
    """What is not there, another kind of file, and a picture that is none."""
    assert filed.lead.lead_id == LEAD_ID
    answer = operator.get(f"{BASE}/c2pa/{name}")
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:plumewatch:problem:{slug}")


def test_without_the_extra_the_answer_says_so(
    operator: httpx.Client, filed: Posting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """501 with the command that installs it; nothing else of the API needs it."""

    def missing(name: str) -> None:
        raise ImportError(name)

    assert filed.lead.lead_id == LEAD_ID
    monkeypatch.setattr(credentials.importlib, "import_module", missing)
    answer = operator.get(f"{BASE}/c2pa/clip.mp4")
    assert (answer.status_code, answer.json()["type"]) == (501, "urn:plumewatch:problem:c2pa-missing")
    assert "plumewatch[c2pa]" in answer.json()["detail"]


def test_the_command_writes_and_reads_them(package: Path, tmp_path: Path) -> None:
    """From a package that verifies, under the site's keys; a changed package and an existing file are refused."""
    keys = open_site_keys(tmp_path / "authority", "", datetime.now(UTC) - timedelta(minutes=5))
    (tmp_path / "roots.pem").write_bytes(keys.root.certificate.public_bytes(Encoding.PEM))
    out = tmp_path / "copy.mp4"
    command = ["c2pa", "write", str(package), "--out", str(out), "--keys", str(tmp_path / "authority")]
    runner = CliRunner()
    assert runner.invoke(app, command).exit_code == 0
    told = runner.invoke(app, ["c2pa", "read", str(out), "--roots", str(tmp_path / "roots.pem")])
    assert (told.exit_code, told.stdout.startswith("trusted, signed by Plumewatch\n")) == (0, True)
    assert f"lead_id               {LEAD_ID}" in told.stdout
    assert runner.invoke(app, command).exit_code != 0
    out.unlink()
    (package / "clip.mp4").write_bytes(b"another clip")
    assert runner.invoke(app, command).exit_code != 0
    assert not out.exists()


def test_a_file_without_credentials_is_told_apart(clip: Path, tmp_path: Path) -> None:
    """No manifest, and no media at all."""
    with pytest.raises(CredentialsMissing):
        read_credentials(clip)
    (tmp_path / "a.txt").write_text("nothing")
    with pytest.raises(CredentialsError, match="can have no C2PA manifest"):
        read_credentials(tmp_path / "a.txt")

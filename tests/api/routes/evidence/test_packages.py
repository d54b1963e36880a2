"""Evidence over HTTP: whole, in ranges, verified, and every look recorded."""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from api.contract.evidence.package import PROOFS, SM2_CERTIFICATE, SM2_SIGNATURE, read_bytes
from api.contract.evidence.tarball import read_package, write_tar
from api.contract.evidence.verification import verify_package
from api.contract.trust.sm2 import knows_sm2
from api.people.accounts import create_worker_key
from tests.api.conftest import Posting, RunningApi, sample_lead
from tests.api.contract.sample import LEAD_ID, TestSigner, make_package, run_verify_sh
from vision.evidence.sm2_key import Sm2Key

CLIP = bytes(range(256)) * 40
BASE = f"/v1/evidence/{LEAD_ID}"


@pytest.fixture
def filed(enrolled: httpx.Client, operator: httpx.Client, make_posting: Callable[..., Posting]) -> Posting:
    """A filed lead."""
    posting = make_posting()
    assert posting.send(enrolled).status_code == 201
    assert operator.get("/v1/session").status_code == 200
    return posting


def sealed_files(tar: bytes) -> dict[str, bytes]:
    """The files of a package as its node sealed it, without the proofs that came later."""
    package = read_package(io.BytesIO(tar))
    return {name: read_bytes(package, name, 1 << 20) for name in sorted(package.sizes) if name not in PROOFS}


def test_there_is_no_evidence_of_an_unknown_lead(operator: httpx.Client) -> None:
    """404 as a problem for every address below."""
    for path in ("", "/files", "/files/clip.mp4", "/package.tar", "/verification", "/custody"):
        answer = operator.get(BASE + path)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_a_clip_is_given_in_ranges(operator: httpx.Client, filed: Posting) -> None:
    """A byte range gets 206 with just these bytes; no range, several, or none that is one get the file."""
    assert filed.tar.count(CLIP) == 1
    for asked, status, start, end in (
        (None, 200, 0, 10240),
        ("bytes=0-", 206, 0, 10240),
        ("bytes=-99999", 206, 0, 10240),
        ("bytes=200-100", 200, 0, 10240),
        ("lines=0-1", 200, 0, 10240),
        ("bytes=0-99", 206, 0, 100),
        ("bytes=100-199", 206, 100, 200),
        ("bytes=10000-99999", 206, 10000, 10240),
        ("bytes=-240", 206, 10000, 10240),
        ("bytes=0-1,5-6", 200, 0, 10240),
    ):
        answer = operator.get(f"{BASE}/files/clip.mp4", headers={} if asked is None else {"Range": asked})
        assert (answer.status_code, answer.content) == (status, CLIP[start:end])
        assert answer.headers["content-type"] == "video/mp4"
        assert answer.headers["accept-ranges"] == "bytes"
        assert answer.headers["content-length"] == str(end - start)
        if status == 206:
            assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/10240"


def test_ranges_outside_and_conditions(operator: httpx.Client, filed: Posting) -> None:
    """416 with the size for a range outside; If-None-Match gets 304; a range of another version gets the whole file."""
    assert filed.lead.lead_id == LEAD_ID
    outside = operator.get(f"{BASE}/files/clip.mp4", headers={"Range": "bytes=10240-"})
    assert (outside.status_code, outside.headers["content-range"]) == (416, "bytes */10240")
    etag = operator.get(f"{BASE}/files/clip.mp4").headers["etag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        assert operator.get(f"{BASE}/files/clip.mp4", headers={"If-None-Match": known}).status_code == 304
    tag = operator.get(f"{BASE}/package.tar").headers["etag"]
    assert operator.get(f"{BASE}/package.tar", headers={"If-None-Match": tag}).status_code == 304
    assert operator.get(f"{BASE}/files/clip.mp4", headers={"Range": "bytes=-0"}).status_code == 416
    for if_range, status in ((etag, 206), ('"other"', 200), ("Mon, 23 Nov 2026 02:30:05 GMT", 200)):
        headers = {"Range": "bytes=0-9", "If-Range": if_range}
        assert operator.get(f"{BASE}/files/clip.mp4", headers=headers).status_code == status


def test_a_head_tells_size_and_tag_and_shows_nothing(operator: httpx.Client, filed: Posting) -> None:
    """HEAD answers as GET would, ranges included, without a body and without an entry of custody."""
    assert filed.lead.lead_id == LEAD_ID
    before = operator.get(f"{BASE}/custody").json()["entries"]
    whole = operator.head(f"{BASE}/files/clip.mp4")
    part = operator.head(f"{BASE}/files/clip.mp4", headers={"Range": "bytes=0-99"})
    assert (whole.status_code, whole.headers["content-length"], whole.content) == (200, "10240", b"")
    assert (
        part.status_code,
        part.headers["content-length"],
        part.headers["content-range"],
    ) == (206, "100", "bytes 0-99/10240")
    assert operator.head(f"{BASE}/files/none.mp4").status_code == 404
    assert before == operator.get(f"{BASE}/custody").json()["entries"]
    assert whole.headers["etag"] == operator.get(f"{BASE}/files/clip.mp4").headers["etag"]


def test_only_pictures_and_video_are_shown_in_the_browser(operator: httpx.Client, filed: Posting) -> None:
    """Other files are attachments; nothing in a package can run as a page; strange names do not reach the vault."""
    assert filed.lead.lead_id == LEAD_ID
    shown = operator.get(f"{BASE}/files/overlay.jpg")
    assert shown.headers["content-disposition"] == f'inline; filename="{LEAD_ID}_overlay.jpg"'
    for name in ("verify.sh", "VERIFY.md", "SHA256SUMS", "node.crt", "detections.jsonl"):
        answer = operator.get(f"{BASE}/files/{name}")
        assert answer.headers["content-disposition"] == f'attachment; filename="{LEAD_ID}_{name}"'
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers["content-security-policy"]
    saved = operator.get(f"{BASE}/files/overlay.jpg", params={"download": True})
    assert saved.headers["content-disposition"].startswith("attachment")
    for name in ("nothing.mp4", "..%2F..%2Fplumewatch.db", ".hidden"):
        assert operator.get(f"{BASE}/files/{name}").status_code in {404, 422}


def test_the_downloaded_package_verifies_offline(
    operator: httpx.Client, filed: Posting, tmp_path: Path, signer: TestSigner
) -> None:
    """``package.tar`` is what was posted and its proofs; it verifies with the API's roots, also by verify.sh."""
    answer = operator.get(f"{BASE}/package.tar")
    assert len(answer.content) == int(answer.headers["content-length"])
    assert operator.get(f"{BASE}/package.tar").content == answer.content
    assert sealed_files(answer.content) == sealed_files(filed.tar)
    roots = tmp_path / "roots.pem"
    roots.write_bytes(operator.get("/v1/trust/nodes.pem").content)
    assert roots.read_bytes().startswith(signer.certificate_pem)
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as tar:
        tar.extractall(tmp_path / "out", filter="data")
    folder = tmp_path / "out" / LEAD_ID
    assert verify_package(folder, roots.read_bytes(), lead_id=LEAD_ID).ok
    assert run_verify_sh(folder, roots).returncode == 0


def test_verification_is_fresh(api: RunningApi, operator: httpx.Client, filed: Posting) -> None:
    """A verification reads the vault now: a byte changed on the disk behind the API's back is found."""
    good = operator.get(f"{BASE}/verification").json()
    assert filed.lead.evidence is not None
    assert (good["ok"], good["sums_sha256"]) == (True, filed.lead.evidence.sums_sha256)
    clip = next((api.settings.data_dir / "vault").rglob("clip.mp4"))
    assert clip.stat().st_mode & 0o777 == 0o440
    clip.chmod(0o640)
    clip.write_bytes(b"x" + CLIP[1:])
    bad = operator.get(f"{BASE}/verification").json()
    assert bad["ok"] is False
    assert "files" in [check["name"] for check in bad["checks"] if check["outcome"] == "fail"]


def test_custody_tells_who_did_what(operator: httpx.Client, filed: Posting) -> None:
    """Filing, views, plays, downloads and verifications are recorded in order; a player's many ranges are one play."""
    assert filed.lead.lead_id == LEAD_ID
    operator.get(BASE)
    for start in range(0, 1000, 100):
        operator.get(f"{BASE}/files/clip.mp4", headers={"Range": f"bytes={start + 1}-{start + 99}"})
    operator.get(f"{BASE}/package.tar")
    operator.get(f"{BASE}/verification")
    custody = operator.get(f"{BASE}/custody").json()
    assert [(entry["action"], entry["file"], entry["who"]) for entry in custody["entries"]] == [
        ("filed", "", "worker:local"),
        ("viewed", "manifest.json", "operator:admin"),
        ("played", "clip.mp4", "operator:admin"),
        ("downloaded", "", "operator:admin"),
        ("verified", "", "operator:admin"),
    ]


def test_files_are_listed_with_their_hashes(operator: httpx.Client, filed: Posting) -> None:
    """Every file with its size and the hash of the signed list; what comes after the list has none."""
    assert filed.lead.lead_id == LEAD_ID
    files = {entry["name"]: entry for entry in operator.get(f"{BASE}/files").json()["files"]}
    assert files["clip.mp4"]["size"] == len(CLIP)
    assert len(files["clip.mp4"]["sha256"]) == 64
    assert files["SHA256SUMS"]["sha256"] is None
    assert operator.get(BASE).json()["lead_id"] == LEAD_ID


def test_a_worker_key_fetches_packages_only(worker: httpx.Client, operator: httpx.Client, filed: Posting) -> None:
    """A worker may fetch a package to check it, which custody tells; single files, manifest and custody stay closed."""
    for path in ("", "/files", "/files/clip.mp4", "/verification", "/custody"):
        assert worker.get(BASE + path).status_code == 401
    assert sealed_files(worker.get(f"{BASE}/package.tar").content) == sealed_files(filed.tar)
    entries = operator.get(f"{BASE}/custody").json()["entries"]
    assert [(entry["action"], entry["who"]) for entry in entries] == [
        ("filed", "worker:local"),
        ("downloaded", "worker:local"),
    ]


def test_a_worker_fetches_no_other_workers_package(api: RunningApi, filed: Posting) -> None:
    """A worker's key opens only the packages that its own node has made: a stolen key gives no evidence away."""
    assert filed.lead.lead_id == LEAD_ID
    stranger = create_worker_key(api.settings, "stranger")
    answer = httpx.get(f"{api.url}{BASE}/package.tar", headers={"Authorization": f"Bearer {stranger}"})
    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:plumewatch:problem:foreign-package"


@pytest.mark.skipif(not knows_sm2(), reason="the openssl of this machine knows no SM2")
def test_a_package_signed_by_sm2_too_is_filed_and_handed_out_whole(
    enrolled: httpx.Client, operator: httpx.Client, signer: TestSigner, tmp_path: Path
) -> None:
    """The API checks the second signature when it files the package and whenever it verifies it, and gives it along."""
    (tmp_path / "keys").mkdir(mode=0o700)
    sealed = make_package(tmp_path / "twice", signer, sm2=Sm2Key.open(tmp_path / "keys", "worker-01"))
    tar = tmp_path / "package.tar"
    with tar.open("wb") as target:
        write_tar(sealed.folder, target)
    posting = Posting(sample_lead(LEAD_ID, sealed.sums_sha256), tar.read_bytes())
    assert posting.send(enrolled).status_code == 201
    report = operator.get(f"{BASE}/verification").json()
    assert {check["name"]: check["outcome"] for check in report["checks"]}["sm2"] == "ok"
    names = set(read_package(io.BytesIO(operator.get(f"{BASE}/package.tar").content)).sizes)
    assert {SM2_SIGNATURE, SM2_CERTIFICATE} <= names

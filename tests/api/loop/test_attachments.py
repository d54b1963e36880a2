"""Attachments: files of a lead's moves, kept by their hash, shown with care, deleted with the lead's package."""

import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from api.clock import utc_now
from api.evidence.retention import erase_left_overs, prune
from api.evidence.scrub import scrub
from api.settings import Settings
from api.store.evidence.tlog import LeafKind, leaves_about
from api.store.leads import announce_lead
from tests.api.conftest import Posting, RunningApi, admin_of, sample_lead
from tests.api.contract.sample import LEAD_ID
from tests.api.loop.people import ANSWERS, PATH, move, staff
from tests.api.postgresql import over_postgresql
from tests.disk import disk_full

pytestmark = pytest.mark.usefixtures("agreement")

PHOTO = b"\xff\xd8\xff" + bytes(range(256)) * 20
LETTER = b"%PDF-1.7\n" + b"x" * 5000
PLACE = f"{PATH}/attachments"


def sha256(data: bytes) -> str:
    """The hash of bytes, as an address has it."""
    return hashlib.sha256(data).hexdigest()


def put(client: httpx.Client, data: bytes, media_type: str = "image/jpeg", **query: str) -> httpx.Response:
    """Store a file with the sample lead."""
    headers = {"Content-Type": media_type}
    return client.put(f"{PLACE}/{sha256(data)}", params=query, content=data, headers=headers)


@pytest.fixture
def filed(enrolled: httpx.Client, make_posting: Callable[..., Posting]) -> Posting:
    """A filed lead."""
    posting = make_posting()
    assert posting.send(enrolled).status_code == 201
    return posting


@pytest.mark.usefixtures("filed")
def test_a_lead_begins_without_attachments(operator: httpx.Client) -> None:
    """Nothing named, nothing stored; a lead that is not there has no list, and nothing can be put to it."""
    assert operator.get(PLACE).json() == {"lead_id": LEAD_ID, "deleted": None, "attachments": []}
    elsewhere = "/v1/leads/L20261123-999999/attachments"
    assert operator.get(elsewhere).status_code == 404
    assert operator.put(f"{elsewhere}/{sha256(PHOTO)}", content=PHOTO).status_code == 404
    assert operator.get(f"{PLACE}/{sha256(PHOTO)}").status_code == 404


@pytest.mark.usefixtures("filed")
def test_a_file_comes_back_byte_for_byte(api: RunningApi, operator: httpx.Client) -> None:
    """Stored once with its leaf and its custody; the same again is 200 and changes nothing, not even the name."""
    first = put(operator, PHOTO, name="东门.jpg", kind="photo")
    assert (first.status_code, first.headers["Location"]) == (201, f"{PLACE}/{sha256(PHOTO)}")
    again = put(operator, PHOTO, name="other.jpg", kind="document")
    assert (again.status_code, again.json()) == (200, first.json())
    (listed,) = operator.get(PLACE).json()["attachments"]
    assert listed == first.json()
    told = ("name", "kind", "stored", "named", "size", "media_type", "by")
    expected = ("东门.jpg", "photo", True, False, len(PHOTO), "image/jpeg", "operator:admin")
    assert tuple(listed[each] for each in told) == expected
    assert operator.get(listed["address"]).content == PHOTO
    part = operator.get(listed["address"], headers={"Range": "bytes=3-9"})
    assert (part.status_code, part.content) == (206, PHOTO[3:10])
    with api.state.database.reading() as session:
        leaves = [leaf for leaf in leaves_about(session, LEAD_ID) if leaf.kind is LeafKind.ATTACHMENT]
    assert [(leaf.index, json.loads(leaf.data)["sha256"]) for leaf in leaves] == [(listed["log_index"], sha256(PHOTO))]
    custody = operator.get(f"/v1/evidence/{LEAD_ID}/custody").json()["entries"]
    file = f"attachments/{sha256(PHOTO)}"
    assert [entry["action"] for entry in custody if entry["file"] == file] == ["filed", "viewed"]
    (holding,) = operator.get("/v1/evidence", params={"sha256": sha256(PHOTO)}).json()["holdings"]
    assert holding["address"] == listed["address"]


@pytest.mark.usefixtures("filed")
def test_only_the_named_bytes_are_stored(operator: httpx.Client) -> None:
    """Another hash, nothing at all, or a type that the file is not of: refused, and nothing is kept."""
    other = operator.put(f"{PLACE}/{'0a' * 32}", content=PHOTO)
    assert (other.status_code, other.json()["type"]) == (422, "urn:plumewatch:problem:hash-differs")
    assert put(operator, b"").status_code == 422
    assert put(operator, LETTER, "image/png").status_code == 422
    assert operator.put(f"{PLACE}/not-a-hash", content=PHOTO).status_code == 422
    assert put(operator, PHOTO, kind="after").status_code == 422
    assert operator.get(PLACE).json()["attachments"] == []


@pytest.mark.parametrize(
    ("data", "media_type", "kept", "shown"),
    [
        (PHOTO, "image/jpeg", "image/jpeg", True),
        (LETTER, "application/pdf; charset=x", "application/pdf", True),
        (b"<script>alert(1)</script>", "text/html", "text/html", False),
        (b"<svg onload='alert(1)'/>", "image/svg+xml", "image/svg+xml", False),
        (b"anything", "no type at all", "application/octet-stream", False),
    ],
)
@pytest.mark.usefixtures("filed")
def test_a_browser_shows_pictures_and_pdf_alone(
    operator: httpx.Client, data: bytes, media_type: str, kept: str, *, shown: bool
) -> None:
    """All else is downloaded, nothing is sniffed, and each opening is in the custody."""
    assert put(operator, data, media_type, name='证据 "1".bin').status_code == 201
    for query, inline in (({}, shown), ({"download": "true"}, False)):
        answer = operator.get(f"{PLACE}/{sha256(data)}", params=query)
        assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (200, kept)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "script-src 'unsafe" not in answer.headers["Content-Security-Policy"]
        disposition = answer.headers["Content-Disposition"]
        assert disposition.startswith("inline" if inline else "attachment")
        assert disposition.endswith("filename*=UTF-8''%E8%AF%81%E6%8D%AE%20%221%22.bin")
    actions = [each["action"] for each in operator.get(f"/v1/evidence/{LEAD_ID}/custody").json()["entries"]]
    assert actions == ["filed", "filed", *(["viewed"] if shown else []), "downloaded"]


@pytest.mark.usefixtures("filed")
def test_a_move_may_name_what_is_stored_later(operator: httpx.Client) -> None:
    """The list says what is stored; a file that comes later without a name is called as the move called it."""
    named = {"name": "笔录.pdf", "sha256": sha256(LETTER), "kind": "record"}
    assert move(operator, "VERIFIED", review=ANSWERS, attachments=[named]).status_code == 200
    (before,) = operator.get(PLACE).json()["attachments"]
    told = ("name", "kind", "stored", "named", "size", "log_index")
    assert tuple(before[each] for each in told) == ("笔录.pdf", "record", False, True, None, None)
    assert operator.get(before["address"]).status_code == 404
    assert put(operator, LETTER, "application/pdf").status_code == 201
    (after,) = operator.get(PLACE).json()["attachments"]
    assert tuple(after[each] for each in told[:5]) == ("笔录.pdf", "record", True, True, len(LETTER))


@pytest.mark.usefixtures("filed")
def test_who_holds_no_role_there_gives_no_files(api: RunningApi) -> None:
    """On a site with roles any role in the lead's division is enough, and none is not; all may look."""
    with staff(api, wang="O", li="") as clients:
        refused = put(clients["li"], PHOTO)
        assert (refused.status_code, refused.json()["type"]) == (403, "urn:plumewatch:problem:role-required")
        assert put(clients["wang"], PHOTO).status_code == 201
        assert clients["li"].get(f"{PLACE}/{sha256(PHOTO)}").content == PHOTO


def test_a_file_beyond_the_limit_is_refused(settings: Settings, start_api: Callable[[Settings], RunningApi]) -> None:
    """By its length, or while it comes in where no length is told; one at the limit is taken."""
    api = start_api(settings.model_copy(update={"attachment_max_bytes": 2048}))
    with api.state.database.writing() as session:
        announce_lead(session, sample_lead(), None, utc_now())
    most, more = PHOTO[:2048], PHOTO[:2049]
    with admin_of(api) as operator:
        assert put(operator, more).status_code == 413
        chunked = operator.put(f"{PLACE}/{sha256(more)}", content=iter([more[:1000], more[1000:]]))
        assert chunked.status_code == 413
        assert put(operator, most).status_code == 201


@pytest.mark.usefixtures("filed")
def test_a_full_disk_at_any_step_keeps_nothing_half(api: RunningApi, operator: httpx.Client) -> None:
    """Each refusal is one that can be tried again; when there is space the same call stores the file."""
    data = api.settings.data_dir
    with disk_full(data) as disk:
        assert put(operator, PHOTO).status_code == 201
    assert disk.steps > 2
    refused = 0
    for step in range(1, disk.steps + 1):
        file = PHOTO + b"%d" % step
        with disk_full(data, full_from=step):
            status = put(operator, file).status_code
        assert status in {201, 503}, f"step {step}"
        refused += status == 503
        assert put(operator, file).status_code in {200, 201}, f"step {step}"
    assert refused > 1
    listed = operator.get(PLACE).json()["attachments"]
    assert len(listed) == disk.steps + 1
    assert scrub(api.state.database, api.state.vault).strays == []


@pytest.mark.usefixtures("filed")
def test_attachments_go_with_their_lead_s_package(api: RunningApi, operator: httpx.Client) -> None:
    """A hold keeps them; the leaf of the deletion names them, and afterwards they are 410 and nothing comes anew."""
    state, later = api.state, utc_now() + timedelta(days=10_000)
    assert put(operator, PHOTO).status_code == 201
    held = {"held": True, "reason": "复议"}
    assert operator.post(f"/v1/evidence/{LEAD_ID}/holds", json=held).status_code == 200
    assert prune(state.database, state.vault, api.settings, later) == 0
    assert operator.get(f"{PLACE}/{sha256(PHOTO)}").status_code == 200
    assert operator.post(f"/v1/evidence/{LEAD_ID}/holds", json=held | {"held": False}).status_code == 200
    assert operator.get("/v1/vault").json()["bytes"] > len(PHOTO)
    assert prune(state.database, state.vault, api.settings, later) == 1
    assert list(state.vault.attachments.listed()) == []
    assert [path for path in (api.settings.data_dir / "vault").rglob("*") if path.is_file()] == []
    with state.database.reading() as session:
        deletion = next(leaf for leaf in leaves_about(session, LEAD_ID) if leaf.kind is LeafKind.DELETION)
    assert json.loads(deletion.data)["attachments"] == [sha256(PHOTO)]
    for answer in (operator.get(f"{PLACE}/{sha256(PHOTO)}"), put(operator, LETTER, "application/pdf")):
        assert (answer.status_code, answer.json()["type"]) == (410, "urn:plumewatch:problem:evidence-deleted")
    told = operator.get(PLACE).json()
    assert told["deleted"] is not None
    assert [each["stored"] for each in told["attachments"]] == [False]
    assert operator.get("/v1/vault").json()["bytes"] == 0
    assert scrub(state.database, state.vault).is_sound


@pytest.mark.usefixtures("filed")
def test_a_cut_between_leaf_and_erasing_is_made_good(api: RunningApi, operator: httpx.Client, tmp_path: Path) -> None:
    """What is left on the shelf of a lead whose package was deleted is erased at the next start."""
    state, later = api.state, utc_now() + timedelta(days=10_000)
    assert prune(state.database, state.vault, api.settings, later) == 1
    left = tmp_path / "left"
    left.write_bytes(PHOTO)
    state.vault.attachments.keep(LEAD_ID, sha256(PHOTO), left)
    assert erase_left_overs(state.database, state.vault) == 1
    assert list(state.vault.attachments.listed()) == []
    assert operator.get(PLACE).json()["attachments"] == []


@pytest.mark.usefixtures("filed")
def test_a_scrub_reads_attachments(api: RunningApi, operator: httpx.Client, tmp_path: Path) -> None:
    """A flipped bit and a lost file are faults of the lead; a file that no lead names is a stray."""
    state = api.state
    for data in (PHOTO, PHOTO + b"2", PHOTO + b"3"):
        assert put(operator, data).status_code == 201
    assert (scrub(state.database, state.vault).attachments, scrub(state.database, state.vault).faults) == (3, [])
    shelf = api.settings.data_dir / "vault" / "attachments" / LEAD_ID
    rotten = shelf / sha256(PHOTO)
    rotten.chmod(0o640)
    rotten.write_bytes(PHOTO[:-1] + b"x")
    (shelf / sha256(PHOTO + b"2")).unlink()
    stray = tmp_path / "stray"
    stray.write_bytes(LETTER)
    state.vault.attachments.keep(LEAD_ID, sha256(LETTER), stray)
    report = scrub(state.database, state.vault)
    assert {(fault.lead_id, fault.file, fault.fault) for fault in report.faults} == {
        (LEAD_ID, f"attachments/{sha256(PHOTO)}", "the file is not the one that was stored"),
        (LEAD_ID, f"attachments/{sha256(PHOTO + b'2')}", "the attachment is not in the vault"),
    }
    assert report.strays == [f"attachments/{LEAD_ID}/{sha256(LETTER)}"]


@pytest.mark.usefixtures("filed")
def test_an_exported_case_holds_its_attachments(api: RunningApi, operator: httpx.Client, tmp_path: Path) -> None:
    """Each with its name and hash in the lead's records, all in the one list; one that is lost is said at once."""
    assert put(operator, PHOTO, name="东门.JPG", kind="photo").status_code == 201
    assert put(operator, LETTER, "application/pdf", name="../../etc/passwd").status_code == 201
    answer = operator.get("/v1/exports/case.tar", params={"lead": LEAD_ID, "reports": False})
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as tar:
        tar.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.glob("case-*")
    check = subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=folder, check=False, timeout=30)
    assert check.returncode == 0
    records = json.loads((folder / f"{LEAD_ID}.json").read_text())["attachments"]
    assert [each["name"] for each in records] == ["东门.JPG", "../../etc/passwd"]
    assert [sha256((folder / each["file"]).read_bytes()) for each in records] == [each["sha256"] for each in records]
    listed = (folder / "SHA256SUMS").read_text()
    assert all(f"{each['sha256']}  {each['file']}\n" in listed for each in records)
    assert records[0]["file"] == f"{LEAD_ID}-attachments/{sha256(PHOTO)[:32]}.jpg"
    (api.settings.data_dir / "vault" / "attachments" / LEAD_ID / sha256(PHOTO)).unlink()
    assert operator.get("/v1/exports/case.tar", params={"lead": LEAD_ID}).status_code == 404


@pytest.mark.usefixtures("filed")
class TestOverPostgresql:
    """The same over the other database."""

    @pytest.fixture
    def settings(self, settings: Settings, tmp_path: Path) -> Settings:
        """Settings over PostgreSQL."""
        return over_postgresql(settings, tmp_path)

    def test_a_file_comes_back_byte_for_byte(self, api: RunningApi, operator: httpx.Client) -> None:
        """Stored once with its leaf and its custody."""
        test_a_file_comes_back_byte_for_byte(api, operator)

    def test_attachments_go_with_their_lead_s_package(self, api: RunningApi, operator: httpx.Client) -> None:
        """A hold keeps them; afterwards they are 410."""
        test_attachments_go_with_their_lead_s_package(api, operator)

    def test_a_scrub_reads_attachments(self, api: RunningApi, operator: httpx.Client, tmp_path: Path) -> None:
        """A flipped bit and a lost file are faults."""
        test_a_scrub_reads_attachments(api, operator, tmp_path)

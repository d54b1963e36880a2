"""Bulk export: several leads in one tar that can be checked without us."""

import csv
import io
import json
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from api.clock import utc_now
from api.contract.evidence.verification import verify_package
from api.evidence.export import case_chunks
from api.evidence.vault import MissingEvidence
from api.store.lead_rows import get_lead
from tests.api.conftest import Posting, RunningApi

LEADS = ("L20261123-001007", "L20261123-001008")


@pytest.fixture
def filed(enrolled: httpx.Client, make_posting: Callable[..., Posting]) -> tuple[Posting, ...]:
    """Two filed leads."""
    postings = tuple(make_posting(lead_id) for lead_id in LEADS)
    assert [posting.send(enrolled).status_code for posting in postings] == [201, 201]
    return postings


def test_an_export_is_checked_with_sha256sum_alone(
    operator: httpx.Client, filed: tuple[Posting, ...], tmp_path: Path
) -> None:
    """One list covers every file, each package verifies by itself, the index names each lead once."""
    assert len(filed) == 2
    answer = operator.get("/v1/exports/case.tar", params={"lead": [*LEADS, LEADS[0]]})
    assert answer.status_code == 200
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as tar:
        assert tar.getnames()[-1].endswith("/SHA256SUMS")
        tar.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.glob("case-*")
    check = subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=folder, check=False, timeout=30)
    assert check.returncode == 0
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {"SHA256SUMS"}
    assert {line.split("  ")[1] for line in (folder / "SHA256SUMS").read_text().splitlines()} == names
    assert names >= {"index.csv", *(f"{lead}.json" for lead in LEADS), *(f"{lead}.pdf" for lead in LEADS)}
    for lead in LEADS:
        assert verify_package(folder / lead, operator.get("/v1/trust/nodes.pem").content, lead_id=lead).ok
    index = (folder / "index.csv").read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in index] == ["线索编号", *LEADS]
    custody = operator.get(f"/v1/evidence/{LEADS[1]}/custody").json()["entries"]
    assert [entry["action"] for entry in custody] == ["filed", "exported"]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "＝", "＠", " ="])
def test_a_name_is_no_formula(
    api: RunningApi, enrolled: httpx.Client, make_posting: Callable[..., Posting], sign: str
) -> None:
    """Whatever a node calls its camera, a spreadsheet that opens the index shows it as text."""
    posting = make_posting()
    lead = json.loads(posting.lead.model_dump_json())
    lead["camera"]["name"] = f"{sign}HYPERLINK(1)"
    assert posting.send(enrolled, lead=json.dumps(lead)).status_code == 201
    with api.state.database.reading() as session:
        filed = get_lead(session, LEADS[0])
    tar = b"".join(case_chunks(api.state, [filed], utc_now(), []))
    with tarfile.open(fileobj=io.BytesIO(tar)) as opened:
        index = opened.extractfile(opened.getnames()[1])
        assert index is not None
        row = next(iter(csv.DictReader(io.StringIO(index.read().decode("utf-8-sig"), newline=""))))
    assert row["摄像机"] == f"'{sign}HYPERLINK(1)"


def test_an_export_names_only_what_is_there(operator: httpx.Client, filed: tuple[Posting, ...]) -> None:
    """One unknown lead and nothing is exported; no lead at all is invalid; without reports there are none."""
    assert len(filed) == 2
    unknown = operator.get("/v1/exports/case.tar", params={"lead": [LEADS[0], "L20261123-999999"]})
    assert unknown.status_code == 404
    assert operator.get("/v1/exports/case.tar").status_code == 422
    bare = operator.get("/v1/exports/case.tar", params={"lead": LEADS[0], "reports": False})
    with tarfile.open(fileobj=io.BytesIO(bare.content)) as tar:
        assert not any(name.endswith(".pdf") for name in tar.getnames())


def test_an_export_that_breaks_off_has_no_list(api: RunningApi, filed: tuple[Posting, ...]) -> None:
    """A file that is gone when its turn comes ends the export before its list: nobody takes it for complete."""
    with api.state.database.reading() as session:
        lead = get_lead(session, LEADS[0])
    chunks = case_chunks(api.state, [lead], filed[0].lead.event.end, [])
    sent = b""
    while b"/clip.mp4" not in sent:
        sent = next(chunks)
    assert lead.evidence is not None
    folder = next((api.settings.data_dir / "vault").rglob(lead.evidence.sums_sha256))
    folder.chmod(0o750)
    (folder / "detections.jsonl").unlink()
    with pytest.raises(MissingEvidence):
        list(chunks)

"""The log over HTTP: its checkpoint, proofs that hold, and a package that carries its own."""

import base64
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from api.contract.evidence.package import LOG_FILES, TIME_STAMP
from api.contract.evidence.report import CheckName, Outcome
from api.contract.evidence.verification import verify_package
from api.contract.trust.checkpoint import parse_checkpoint
from api.contract.trust.merkle import consistency_holds, inclusion_holds
from api.contract.trust.stamp import read_certificate, read_certificates, sha256_hex, signature_holds
from api.contract.trust.timestamp import check_time_stamp
from api.store.evidence.tlog import log_size
from tests.api.conftest import Posting, RunningApi
from tests.api.contract.sample import LEAD_ID, run_verify_sh

OTHER = "L20261123-001008"


@pytest.fixture
def filed(enrolled: httpx.Client, make_posting: Callable[..., Posting]) -> list[Posting]:
    """Two filed leads."""
    postings = [make_posting(LEAD_ID), make_posting(OTHER)]
    assert [posting.send(enrolled).status_code for posting in postings] == [201, 201]
    return postings


def test_the_log_has_no_checkpoint_at_first(operator: httpx.Client) -> None:
    """404 before the first leaf; impossible trees are 422; whoever is not logged in gets nothing."""
    assert operator.get("/v1/tlog/checkpoint").status_code == 404
    for query in ("proof?index=0&size=1", "proof?index=3&size=2", "consistency?first=2&second=1"):
        answer = operator.get(f"/v1/tlog/{query}")
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:plumewatch:problem:no-such-tree")
    for size in (2**63, 10**20, "7" * 1000):  # a path through such a tree would take this machine a while
        for query in (f"proof?index=12345&size={size}", f"consistency?first=3&second={size}"):
            answer = operator.get(f"/v1/tlog/{query}")
            assert (answer.status_code, answer.json()["detail"][:15]) == (422, "the log has 0 l"), query
    assert httpx.get(f"{operator.base_url}/v1/tlog/checkpoint").status_code == 401


@pytest.mark.usefixtures("filed")
@pytest.mark.parametrize("asked", ["proof?index=0&size=", "consistency?first=1&second="])
def test_a_tree_that_the_log_never_had_is_told_by_its_size(api: RunningApi, operator: httpx.Client, asked: str) -> None:
    """How many leaves there are."""
    with api.state.database.reading() as session:
        leaves = log_size(session)
    beyond = operator.get(f"/v1/tlog/{asked}9999").json()
    assert (beyond["status"], beyond["detail"]) == (422, f"the log has {leaves} leaves, fewer than were asked for")


def test_checkpoint_and_proofs_hold(api: RunningApi, operator: httpx.Client, filed: list[Posting]) -> None:
    """The checkpoint is signed and stamped; each package is in its tree; the tree grew from the earlier one."""
    api.state.provers.checkpoints.make(at_once=True)
    told = operator.get("/v1/tlog/checkpoint").json()
    text = told["text"].encode()
    roots = read_certificates(operator.get("/v1/trust/nodes.pem").content)
    assert parse_checkpoint(text).root.hex() == told["root"]
    certificate = read_certificate(told["certificate_pem"].encode())
    assert signature_holds(certificate, text, base64.b64decode(told["signature"]))
    check_time_stamp(base64.b64decode(told["time_stamp"]), bytes.fromhex(sha256_hex(text)), roots=roots)
    size, root = told["size"], bytes.fromhex(told["root"])
    for posting in filed:
        index = operator.get(f"/v1/leads/{posting.lead.lead_id}").json()["evidence"]["log_index"]
        proof = operator.get("/v1/tlog/proof", params={"index": index, "size": size}).json()
        path = [bytes.fromhex(piece) for piece in proof["path"]]
        assert inclusion_holds(bytes.fromhex(proof["leaf_hash"]), index, size, path, root)
    grown = operator.get("/v1/tlog/consistency", params={"first": 2, "second": size}).json()
    path = [bytes.fromhex(piece) for piece in grown["path"]]
    assert consistency_holds(2, size, bytes.fromhex(grown["first_root"]), root, path)


def test_a_package_carries_its_proof(operator: httpx.Client, filed: list[Posting], tmp_path: Path) -> None:
    """Fetched, it has time-stamp and log proof beside its files, the same each time; both verifiers accept them."""
    assert len(filed) == 2
    roots = tmp_path / "roots.pem"
    roots.write_bytes(operator.get("/v1/trust/nodes.pem").content)
    for lead in (LEAD_ID, OTHER):
        tar = operator.get(f"/v1/evidence/{lead}/package.tar").content
        assert operator.get(f"/v1/evidence/{lead}/package.tar").content == tar
        with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
            archive.extractall(tmp_path, filter="data")
        folder = tmp_path / lead
        assert {path.name for path in folder.iterdir()} > LOG_FILES | {TIME_STAMP}
        report = verify_package(folder, roots.read_bytes(), lead_id=lead)
        assert report.failures == ()
        assert {check.name: check.outcome for check in report.checks}[CheckName.LOG] is Outcome.OK
        assert (report.log, report.log_index) == (
            "ok",
            operator.get(f"/v1/leads/{lead}").json()["evidence"]["log_index"],
        )
        done = run_verify_sh(folder, roots)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        assert "the site's log holds the package" in done.stdout
        unrooted = run_verify_sh(folder)
        assert (unrooted.returncode, verify_package(folder).ok) == (0, True), unrooted.stdout

"""Leads over HTTP: filed once, verified first, reviewed with If-Match."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from api.clock import utc_now
from api.contract.evidence.tarball import open_package, write_tar
from api.store.leads import announce_lead
from tests.api.conftest import Posting, RunningApi, sample_lead
from tests.api.contract.sample import LEAD_ID, TestSigner, make_package

MakePosting = Callable[..., Posting]


def vault_files(api: RunningApi) -> list[Path]:
    """Every file in the vault."""
    return [path for path in (api.settings.data_dir / "vault").rglob("*") if path.is_file()]


def test_there_are_no_leads_at_first(operator: httpx.Client) -> None:
    """An empty store lists no leads and no next page."""
    page = operator.get("/v1/leads").json()
    assert page == {"leads": [], "next": None, "events_cursor": 0}


def test_a_posted_lead_is_filed_and_shown(
    enrolled: httpx.Client, operator: httpx.Client, make_posting: MakePosting
) -> None:
    """201 with the lead as PENDING_VERIFY; the list and the lead's own address show it; ETag is its version."""
    answer = make_posting().send(enrolled)
    assert answer.status_code == 201, answer.text
    assert f"/v1/leads/{LEAD_ID}" == answer.headers["location"]
    lead = answer.json()
    assert ("PENDING_VERIFY", 1, f"/v1/evidence/{LEAD_ID}") == (
        lead["state"],
        lead["version"],
        lead["evidence"]["package"],
    )
    assert [lead] == operator.get("/v1/leads").json()["leads"]
    shown = operator.get(f"/v1/leads/{LEAD_ID}")
    assert (lead, '"1"') == (shown.json(), shown.headers["etag"])


def test_a_changed_byte_is_refused_and_nothing_stored(
    api: RunningApi, enrolled: httpx.Client, operator: httpx.Client, make_posting: MakePosting
) -> None:
    """A package whose clip does not hash to its list gets 422 with the failed check; vault and store stay empty."""
    posting = make_posting()
    at = posting.tar.index(bytes(range(256)) * 2)
    broken = Posting(posting.lead, posting.tar[:at] + b"\xff" + posting.tar[at + 1 :])
    answer = broken.send(enrolled)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:plumewatch:problem:evidence-rejected"
    assert "files" in [check["name"] for check in answer.json()["checks"] if check["outcome"] == "fail"]
    assert vault_files(api) == []
    assert operator.get("/v1/leads").json()["leads"] == []
    assert operator.get("/v1/events").json()["newest"] == 0
    assert posting.send(enrolled).status_code == 201, "the same key with the whole package is then accepted"


def test_a_foreign_signature_is_refused_and_nothing_stored(
    api: RunningApi, enrolled: httpx.Client, make_posting: MakePosting
) -> None:
    """A package signed by a certificate that is not pinned gets 422, even when it bears the node's name."""
    answer = make_posting(by=TestSigner()).send(enrolled)
    assert (answer.status_code, vault_files(api)) == (422, [])


def test_a_lead_that_disagrees_with_its_package_is_refused(
    api: RunningApi, enrolled: httpx.Client, make_posting: MakePosting
) -> None:
    """Another violation code, camera or hash in the lead than in the package gets 422 and stores nothing."""
    posting = make_posting()
    lead = json.loads(posting.lead.model_dump_json())
    for change in (
        {"violation_code": "V01_STACK_SMOKE"},
        {"camera": {"id": "gate-4"}},
        {"evidence": {**lead["evidence"], "sums_sha256": "0" * 64}},
    ):
        answer = posting.send(enrolled, lead=json.dumps(lead | change))
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:plumewatch:problem:lead-disagrees")
    assert vault_files(api) == []


def test_a_number_that_no_column_holds_is_refused(enrolled: httpx.Client, make_posting: MakePosting) -> None:
    """422: a fault of the API would be posted again for ever."""
    posting = make_posting()
    answer = posting.send(enrolled, lead=posting.lead.model_copy(update={"score": 2**70}).model_dump_json())
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:plumewatch:problem:invalid-input")
    assert posting.send(enrolled).status_code == 201


@pytest.mark.usefixtures("agreement")
def test_a_package_from_a_time_to_come_waits(
    api: RunningApi, enrolled: httpx.Client, operator: httpx.Client, signer: TestSigner, tmp_path: Path
) -> None:
    """425, nothing kept, and the outbox posts it again: stamped today, it would not verify. A minute ahead is taken."""
    for ahead_s, expected in ((300, 425), (30, 201)):
        made = utc_now() + timedelta(seconds=ahead_s)
        sealed = make_package(tmp_path / str(ahead_s), signer, created_utc=made)
        with (tmp_path / "package.tar").open("wb") as target:
            write_tar(sealed.folder, target)
        posting = Posting(sample_lead(LEAD_ID, sealed.sums_sha256), (tmp_path / "package.tar").read_bytes())
        answer = posting.send(enrolled)
        assert answer.status_code == expected, answer.text
        assert (vault_files(api) == []) is (expected == 425)
    assert operator.get(f"/v1/evidence/{LEAD_ID}/verification").json()["ok"]


def test_the_same_key_gets_the_same_answer(
    enrolled: httpx.Client, operator: httpx.Client, make_posting: MakePosting
) -> None:
    """Posting twice with one key gives the same answer and one lead, one event."""
    posting = make_posting()
    first, second = posting.send(enrolled), posting.send(enrolled)
    assert (201, first.content) == (second.status_code, second.content)
    assert len(operator.get("/v1/leads").json()["leads"]) == 1
    assert [event["type"] for event in operator.get("/v1/events").json()["events"]] == ["lead.filed"]


def test_concurrent_posts_make_one_lead(
    enrolled: httpx.Client, operator: httpx.Client, make_posting: MakePosting
) -> None:
    """Six posts at the same time, of one key and of others, all succeed and file one lead."""
    posting = make_posting()
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda key: posting.send(enrolled, key=key), ["a", "a", "a", "b", "b", "c"]))
    assert {200, 201} >= {answer.status_code for answer in answers}, [answer.text for answer in answers]
    assert len({answer.content for answer in answers}) == 1
    assert len(operator.get("/v1/leads").json()["leads"]) == 1
    assert operator.get("/v1/events").json()["newest"] == 1


def test_a_key_is_not_reused_for_other_content(
    api: RunningApi, enrolled: httpx.Client, make_posting: MakePosting
) -> None:
    """The same key with another lead gets 422 and files nothing more."""
    first, other = make_posting(), make_posting("L20261123-001008")
    assert first.send(enrolled).status_code == 201
    before = len(vault_files(api))
    answer = other.send(enrolled, key=first.key)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:plumewatch:problem:idempotency-key-reused")
    assert before == len(vault_files(api))


def test_a_key_is_remembered_where_the_lead_was_filed_under_another(
    enrolled: httpx.Client, operator: httpx.Client, make_posting: MakePosting
) -> None:
    """It gets the same 200 again, even after the lead went on, and takes no other content."""
    posting, other = make_posting(), make_posting("L20261123-001008")
    assert posting.send(enrolled, key="first").status_code == 201
    second = posting.send(enrolled, key="second")
    assert second.status_code == 200
    move = {"to": "NEED_MORE", "reason": "wait for the night shift"}
    moved = operator.post(f"/v1/leads/{LEAD_ID}/transitions", json=move, headers={"If-Match": '"1"'})
    assert moved.status_code == 200
    again = posting.send(enrolled, key="second")
    assert (200, second.content) == (again.status_code, again.content)
    refused = other.send(enrolled, key="second")
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:plumewatch:problem:idempotency-key-reused")


@pytest.mark.parametrize(
    "zone", ["Asia/Atlantis", "", "Asia", "../../etc/passwd", "/etc/localtime", "UTC+8", "A" * 300]
)
def test_a_lead_names_a_time_zone_that_there_is(enrolled: httpx.Client, make_posting: MakePosting, zone: str) -> None:
    """422 with the place for anything else; nothing is kept."""
    posting = make_posting()
    lead = json.loads(posting.lead.model_dump_json())
    lead["event"]["timezone"] = zone
    answer = posting.send(enrolled, lead=json.dumps(lead))
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:plumewatch:problem:invalid-input")
    assert "event.timezone" in answer.json()["detail"]


def test_a_filed_lead_keeps_its_package(enrolled: httpx.Client, make_posting: MakePosting) -> None:
    """The same lead with another package gets 409."""
    assert make_posting().send(enrolled).status_code == 201
    other = TestSigner(name="worker-02")
    document = {"name": "worker-02", "number": 2, "certificate_pem": other.certificate_pem.decode()}
    assert enrolled.post("/v1/nodes", json=document).status_code == 201
    posting = make_posting(by=other)
    lead = posting.lead.model_copy(update={"node": "worker-02"})
    assert Posting(lead, posting.tar).send(enrolled).status_code == 409


def test_a_crash_between_vault_and_store_is_healed_by_the_next_post(
    api: RunningApi, enrolled: httpx.Client, make_posting: MakePosting, tmp_path: Path
) -> None:
    """A package that a crash left in the vault without a lead is filed when the outbox posts it again."""
    posting = make_posting()
    assert posting.lead.evidence is not None
    tar = tmp_path / "again.tar"
    tar.write_bytes(posting.tar)
    package = open_package(tar)
    api.state.vault.keep(posting.lead.evidence.sums_sha256, package)
    package.close()
    before = len(vault_files(api))
    assert posting.send(enrolled).status_code == 201
    assert len(vault_files(api)) == before


def test_a_full_disk_is_told_and_the_lead_can_come_again(
    api: RunningApi, enrolled: httpx.Client, operator: httpx.Client, make_posting: MakePosting
) -> None:
    """While the vault cannot be written the answer is 503, which outboxes try again, and nothing is filed."""
    posting = make_posting()
    incoming = api.settings.data_dir / "vault" / "incoming"
    incoming.rmdir()
    incoming.write_text("in the way, as a full disk would be")
    assert posting.send(enrolled).status_code == 503
    assert operator.get("/readyz").json()["parts"]["vault"] != "ok"
    assert operator.get("/v1/leads").json()["leads"] == []
    incoming.unlink()
    incoming.mkdir()
    assert posting.send(enrolled).status_code == 201


def test_a_store_that_is_locked_too_long_is_told(
    api: RunningApi, enrolled: httpx.Client, make_posting: MakePosting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the database gives no lock the answer is 503; afterwards the same post is filed once."""
    posting = make_posting()

    @contextmanager
    def locked() -> Iterator[None]:
        raise OperationalError("BEGIN IMMEDIATE", None, Exception("database is locked"))
        yield

    with monkeypatch.context() as patch:
        patch.setattr(api.state.database, "writing", locked)
        answer = posting.send(enrolled)
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:plumewatch:problem:store-unavailable")
    assert posting.send(enrolled).status_code == 201


def test_wrong_keys_get_401(api: RunningApi, operator: httpx.Client, make_posting: MakePosting) -> None:
    """Without a key, with a wrong one, or with an operator's session, no lead is posted."""
    posting = make_posting()
    with httpx.Client(base_url=api.url) as nobody:
        assert posting.send(nobody).status_code == 401
        nobody.headers["Authorization"] = "Bearer pw_wrong"
        answer = posting.send(nobody)
        assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert posting.send(operator).status_code == 401


def test_bad_posts_get_problems(enrolled: httpx.Client, make_posting: MakePosting) -> None:
    """A post without key, of another type, with a missing part, with an unknown member: each gets its problem."""
    posting = make_posting()
    files = {"package": ("p.tar", posting.tar)}
    assert enrolled.post("/v1/leads", data={"lead": "{}"}, files=files).status_code == 400
    key = {"Idempotency-Key": "k"}
    assert enrolled.post("/v1/leads", json={}, headers=key).status_code == 415
    assert enrolled.post("/v1/leads", files=files, headers=key).status_code == 422
    answer = posting.send(enrolled, lead=json.dumps(json.loads(posting.lead.model_dump_json()) | {"colour": "red"}))
    assert (
        answer.status_code,
        answer.json()["errors"],
    ) == (422, [{"where": "lead.colour", "reason": "Extra inputs are not permitted"}])
    cut = Posting(posting.lead, posting.tar[: len(posting.tar) // 2])
    assert cut.send(enrolled).status_code == 422
    assert Posting(posting.lead, b"text, not a tar").send(enrolled).status_code == 422


def test_a_package_over_the_limit_gets_413(api: RunningApi, enrolled: httpx.Client, make_posting: MakePosting) -> None:
    """A package larger than allowed is refused by its length, or while it comes when the length is not told."""
    posting = make_posting()
    limit = len(posting.tar) - 1
    object.__setattr__(api.state, "settings", api.settings.model_copy(update={"max_upload_bytes": limit}))
    assert posting.send(enrolled).status_code == 413
    body = enrolled.build_request("POST", "/v1/leads", data={"lead": "{}"}, files={"package": ("p", posting.tar)})
    content = body.read()
    answer = enrolled.post(
        "/v1/leads",
        content=iter([content]),
        headers={"Idempotency-Key": "k", "Content-Type": body.headers["content-type"]},
    )
    assert answer.status_code == 413
    assert list(api.settings.data_dir.glob("upload-*")) == []


@pytest.mark.parametrize(
    ("named", "status"), [('"1"', 200), ("1", 200), ('"1', 412), ("2", 412), ('W/"1"', 412), ("*", 412)]
)
def test_a_transition_names_the_version_with_or_without_quotes(
    enrolled: httpx.Client, operator: httpx.Client, make_posting: MakePosting, named: str, status: int
) -> None:
    """The lead's ETag, or its ``version`` as its document has it; a weak one or any is not that version."""
    make_posting().send(enrolled)
    decision = {"to": "NEED_MORE", "reason": "看不清"}
    answer = operator.post(f"/v1/leads/{LEAD_ID}/transitions", json=decision, headers={"If-Match": named})
    assert answer.status_code == status


def test_review_moves_a_lead_and_chains_the_record(
    enrolled: httpx.Client, operator: httpx.Client, make_posting: MakePosting
) -> None:
    """A transition needs a reason and the right version; records name the hash of the one before; illegal is 409."""
    make_posting().send(enrolled)
    path = f"/v1/leads/{LEAD_ID}/transitions"
    decision = {"to": "REJECTED_FALSE", "reason": "蒸汽", "reason_code": "steam"}
    assert operator.post(path, json=decision).status_code == 428
    assert operator.post(path, json=decision, headers={"If-Match": '"7"'}).status_code == 412
    assert operator.post(path, json={"to": "VERIFIED", "reason": " "}, headers={"If-Match": '"1"'}).status_code == 422
    assert operator.post(path, json=decision | {"to": "ARCHIVED"}, headers={"If-Match": '"1"'}).status_code == 409
    moved = operator.post(path, json=decision, headers={"If-Match": '"1"'})
    assert (moved.status_code, moved.json()["state"], moved.headers["etag"]) == (200, "REJECTED_FALSE", '"2"')
    assert operator.post(path, json=decision, headers={"If-Match": '"1"'}).status_code == 412
    records = operator.get(path).json()["transitions"]
    assert [(r["from"], r["to"]) for r in records] == [("", "PENDING_VERIFY"), ("PENDING_VERIFY", "REJECTED_FALSE")]
    assert records[0]["prev_hash"] == "0" * 64
    events = operator.get("/v1/events", params={"after": 1}).json()["events"]
    assert [(event["type"], event["lead"]["version"]) for event in events] == [("lead.changed", 2)]


def test_pages_follow_each_other(api: RunningApi, operator: httpx.Client) -> None:
    """Pages by cursor show every lead once, newest first; filters narrow; a foreign cursor gets 400."""
    ids = [f"L20261123-{number:06d}" for number in range(7)]
    with api.state.database.writing() as session:
        for number, lead_id in enumerate(ids):
            lead = sample_lead(lead_id)
            start = lead.event.start + timedelta(minutes=number // 2)
            event = lead.event.model_copy(update={"start": start})
            announce_lead(session, lead.model_copy(update={"event": event}), None, utc_now())
    seen: list[str] = []
    cursor: str | None = None
    while True:
        params = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = operator.get("/v1/leads", params=params).json()
        seen += [lead["lead_id"] for lead in page["leads"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert list(reversed(ids)) == seen
    assert operator.get("/v1/leads", params={"cursor": "nonsense"}).status_code == 400
    assert operator.get("/v1/leads", params={"state": "VERIFIED"}).json()["leads"] == []
    later = operator.get("/v1/leads", params={"from": "2026-11-23T10:33:00+08:00", "state": "CANDIDATE"}).json()
    assert [ids[6]] == [lead["lead_id"] for lead in later["leads"]]

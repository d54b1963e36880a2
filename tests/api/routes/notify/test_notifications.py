"""Notification over HTTP: who may what, what answers hide, and a lead's way from filing to the receiver."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from api.clock import utc_now
from api.people.accounts import create_operator, open_database
from api.people.auth import SESSION_COOKIE, session_lifetime
from api.settings import Settings
from api.store.agreement.log import disagreements
from api.store.evidence.tlog import log_leaves
from api.store.leads import announce_lead
from api.store.notify.tables import NotificationChannelRow, NotificationRow, NotificationRuleRow
from api.store.people import Role, open_session
from api.store.tables import OperatorRow
from tests.api.conftest import CSRF, PLAIN_HTTP, Posting, RunningApi, admin_of
from tests.api.notify.receiver import Receiver, receiver
from tests.api.postgresql import over_postgresql

SECRET = "signed-with-this-secret-of-ours"
BASE = "/v1/notifications"
OTHER = "L20261123-000777"

pytestmark = pytest.mark.usefixtures("agreement")


@pytest.fixture
def desk() -> Iterator[Receiver]:
    """A receiver of the desk's webhooks."""
    with receiver() as found:
        yield found


@pytest.fixture
def clerk(api: RunningApi) -> Iterator[httpx.Client]:
    """An operator who is no admin."""
    create_operator(api.settings, "clerk", Role.OPERATOR)
    with api.state.database.writing() as session:
        row = session.query(OperatorRow).filter_by(username="clerk").one()
        row.must_change_password = False
        token = open_session(session, row.operator_id, utc_now(), session_lifetime(api.state))
    with httpx.Client(base_url=api.url, headers=CSRF, timeout=20, verify=PLAIN_HTTP) as client:
        client.cookies.set(SESSION_COOKIE, token, domain="127.0.0.1")
        yield client


def channel(url: str, **fields: object) -> dict[str, object]:
    return {"name": "desk", "kind": "webhook", "url": url, "secret": SECRET} | fields


def rule(**fields: object) -> dict[str, object]:
    return {"id": "desk", "events": ["lead.filed", "lead.changed"], "channels": ["desk"]} | fields


def settled(client: httpx.Client, count: int) -> list[dict[str, Any]]:
    """The log once so many messages wait no longer."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        found: list[dict[str, Any]] = client.get(BASE).json()["notifications"]
        if len([each for each in found if each["state"] != "waiting"]) >= count:
            return found
        time.sleep(0.05)
    pytest.fail(f"not settled: {client.get(BASE).json()}")


def test_a_filed_lead_reaches_the_receiver(
    operator: httpx.Client,
    clerk: httpx.Client,
    enrolled: httpx.Client,
    make_posting: Callable[..., Posting],
    desk: Receiver,
) -> None:
    """From the post of a worker to the signed message, and into the log that an operator reads."""
    assert operator.put(f"{BASE}/channels/desk", json=channel(desk.url)).status_code == 201
    assert operator.put(f"{BASE}/rules/desk", json=rule()).status_code == 201
    posting = make_posting()
    assert posting.send(enrolled).status_code == 201
    (received,) = desk.wait_for(1)
    assert received.document["notice"]["lead_id"] == posting.lead.lead_id
    (delivery,) = settled(clerk, 1)
    assert (delivery["state"], delivery["answer"]) == ("sent", "200 taken")
    for query, count in (
        ({"state": "sent", "channel": "desk", "lead": posting.lead.lead_id}, 1),
        ({"state": "dead"}, 0),
        ({"channel": "other"}, 0),
        ({"lead": "L20261123-999999"}, 0),
        ({"cursor": "1"}, 0),
    ):
        assert len(clerk.get(BASE, params=query).json()["notifications"]) == count
    metrics = operator.get("/metrics").text
    assert 'plumewatch_notifications_total{channel="desk",outcome="sent"} 1.0' in metrics
    assert "plumewatch_notifications_waiting 0.0" in metrics
    assert "notifications" not in operator.get("/readyz").json()["warnings"]


def test_pages_of_the_log(
    operator: httpx.Client, enrolled: httpx.Client, make_posting: Callable[..., Posting], desk: Receiver
) -> None:
    """Newest first, each message on one page."""
    operator.put(f"{BASE}/channels/desk", json=channel(desk.url))
    operator.put(f"{BASE}/rules/desk", json=rule())
    for number in range(3):
        assert make_posting(f"L20261123-{number + 1:06}").send(enrolled).status_code == 201
    settled(operator, 3)
    first = operator.get(BASE, params={"limit": 2}).json()
    second = operator.get(BASE, params={"limit": 2, "cursor": first["next"]}).json()
    leads = [each["lead_id"] for page in (first, second) for each in page["notifications"]]
    assert leads == ["L20261123-000003", "L20261123-000002", "L20261123-000001"]
    assert second["next"] is None


def test_what_an_outage_left_is_sent_by_the_next_process(
    settings: Settings,
    start_api: Callable[[Settings], RunningApi],
    desk: Receiver,
    make_posting: Callable[..., Posting],
) -> None:
    """A message that waits when the API stops, and an event that it had no time for, are sent after the restart."""
    first = start_api(settings)
    with admin_of(first) as operator:
        desk.answers = [503]
        operator.put(f"{BASE}/channels/desk", json=channel(desk.url))
        operator.put(f"{BASE}/rules/desk", json=rule(events=["lead.announced"]))
        with first.state.database.writing() as session:
            announce_lead(session, make_posting().lead, None, utc_now())
        desk.wait_for(1)
    first.stop()
    with open_database(settings) as database, database.writing() as session:
        announce_lead(session, make_posting(OTHER).lead, None, utc_now())
    start_api(settings)
    received = desk.wait_for(3)
    assert [each.document["notice"]["lead_id"] for each in received].count(OTHER) == 1
    assert len({each.headers["x-plumewatch-id"] for each in received}) == 2


def test_secrets_are_written_and_never_shown(
    operator: httpx.Client, desk: Receiver, api: RunningApi, capsys: pytest.CaptureFixture[str]
) -> None:
    """No answer, no log line and no leaf holds address or secret; both stay when a change leaves them out."""
    answers = [operator.put(f"{BASE}/channels/desk", json=channel(desk.url))]
    assert answers[0].json()["address"] == f"http://127.0.0.1:{desk.port}/***"
    kept = {"name": "desk", "kind": "webhook", "most_a_minute": 20}
    answers.append(operator.put(f"{BASE}/channels/desk", json=kept, headers={"If-Match": answers[0].headers["etag"]}))
    answers += [operator.get(f"{BASE}/channels"), operator.get(f"{BASE}/channels/desk")]
    desk.says = f"{SECRET} key-in-the-path"
    answers.append(operator.post(f"{BASE}/channels/desk/test"))
    assert [answer.status_code for answer in answers] == [201, 200, 200, 200, 200]
    assert answers[3].json()["has_secret"] is True
    assert answers[4].json() == {"delivered": True, "answer": "200 *** ***"}
    with api.state.database.reading() as session:
        leaves = b"".join(leaf.data for leaf in log_leaves(session, 0, 100)).decode()
    everything = "".join(answer.text for answer in answers) + leaves + "".join(capsys.readouterr())
    assert "channel:desk" in leaves
    assert SECRET not in everything
    assert "key-in-the-path" not in everything


def test_a_channel_is_tried_in_both_languages(operator: httpx.Client, desk: Receiver) -> None:
    """The test message says that nothing needs to be done; what the other side refuses is told."""
    operator.put(f"{BASE}/channels/desk", json=channel(desk.url))
    operator.post(f"{BASE}/channels/desk/test")
    desk.answers = [404]
    refused = operator.post(f"{BASE}/channels/desk/test", params={"language": "en"}).json()
    assert refused == {"delivered": False, "answer": "404 taken"}
    assert [each.document["title"] for each in desk.received] == ["测试消息", "Test message"]
    assert operator.get(BASE).json()["notifications"] == []


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"url": "http://10.0.0.7/"}, "must be https"),
        ({"url": "ftp://hooks.example/"}, "must be an https address"),
        ({"url": None}, "a new channel needs one"),
        ({"secret": "short"}, "at least 16 characters"),
        ({"secret": None}, "at least 16 characters"),
        ({"url": "syslog://", "kind": "apprise"}, "is none of"),
        ({"name": "other"}, "the document is of channel other"),
        ({"url": "https://hooks.example/a b"}, "without blanks"),
    ],
)
def test_a_wrong_channel_is_refused(operator: httpx.Client, fields: dict[str, object], says: str) -> None:
    """With one sentence, and nothing is kept."""
    refused = operator.put(f"{BASE}/channels/desk", json=channel("https://hooks.example/") | fields)
    assert refused.status_code == 422
    assert says in refused.json()["detail"]
    assert operator.get(f"{BASE}/channels").json() == {"channels": []}


def test_rules_have_versions_and_name_channels_that_are(operator: httpx.Client, desk: Receiver) -> None:
    """428 without If-Match, 412 on a race, 422 for an unknown channel, 409 for a channel in use, 404 for none."""
    unknown = operator.put(f"{BASE}/rules/desk", json=rule())
    assert (unknown.status_code, unknown.json()["detail"]) == (
        422,
        "channels: there is no channel desk; there are none",
    )
    operator.put(f"{BASE}/channels/desk", json=channel(desk.url))
    made = operator.put(f"{BASE}/rules/desk", json=rule(), headers={"If-Match": '"1"'})
    assert made.status_code == 412
    made = operator.put(f"{BASE}/rules/desk", json=rule())
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    assert made.json()["rule"]["breaks_quiet"] == ["P1"]
    assert operator.put(f"{BASE}/rules/desk", json=rule()).status_code == 428
    match = {"If-Match": '"1"'}
    changed = operator.put(f"{BASE}/rules/desk", json=rule(enabled=False), headers=match)
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert operator.put(f"{BASE}/rules/desk", json=rule(), headers=match).status_code == 412
    assert operator.put(f"{BASE}/rules/other", json=rule()).status_code == 422
    assert operator.get(f"{BASE}/rules/desk").json() == operator.get(f"{BASE}/rules").json()["rules"][0]
    in_use = operator.delete(f"{BASE}/channels/desk", headers={"If-Match": '"1"'})
    assert (in_use.status_code, in_use.json()["type"]) == (409, "urn:plumewatch:problem:in-use")
    assert operator.delete(f"{BASE}/rules/desk").status_code == 428
    assert operator.delete(f"{BASE}/rules/desk", headers={"If-Match": '"2"'}).status_code == 204
    assert operator.delete(f"{BASE}/channels/desk", headers={"If-Match": '"1"'}).status_code == 204
    for path in ("rules/desk", "channels/desk"):
        assert operator.get(f"{BASE}/{path}").status_code == 404
        assert operator.delete(f"{BASE}/{path}").status_code == 404
    assert operator.post(f"{BASE}/channels/desk/test").status_code == 404


def test_a_channel_may_be_an_operator_s_own(operator: httpx.Client, desk: Receiver, api: RunningApi) -> None:
    """Whose it is is shown and in the log, another write takes it away, and nobody owns one who is no operator."""
    refused = operator.put(f"{BASE}/channels/desk", json=channel(desk.url, operator="nobody"))
    assert (refused.status_code, refused.json()["detail"]) == (422, "operator: there is no operator nobody")
    made = operator.put(f"{BASE}/channels/desk", json=channel(desk.url, operator="admin"))
    assert (made.status_code, made.json()["operator"]) == (201, "admin")
    with api.state.database.reading() as session:
        (leaf,) = log_leaves(session, 0, 10)
    assert b'"operator":"admin"' in leaf.data
    taken = operator.put(f"{BASE}/channels/desk", json=channel(desk.url), headers={"If-Match": made.headers["etag"]})
    assert taken.json()["operator"] == ""


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"channels": []}, "a rule tells somebody"),
        ({"roles": ["A"]}, "roles.0"),
        ({"roles": ["C"]}, "roles.0"),
        ({"roles": ["D"] * 9}, "roles"),
    ],
)
def test_a_rule_tells_somebody(operator: httpx.Client, fields: dict[str, object], says: str) -> None:
    """Channels, roles or both; the system and the enterprise are no recipients. Roles alone need no channel."""
    refused = operator.put(f"{BASE}/rules/desk", json=rule(**fields))
    assert refused.status_code == 422
    assert says in refused.json()["detail"]
    alone = rule(channels=[], roles=["D", "M"])
    assert operator.put(f"{BASE}/rules/desk", json=alone).json()["rule"]["roles"] == ["D", "M"]


def test_operators_read_the_log_and_nothing_else(clerk: httpx.Client, worker: httpx.Client) -> None:
    """Rules, channels and second tries are an admin's; workers see nothing of them."""
    assert clerk.get(BASE).status_code == 200
    retry = f"{BASE}/{'0' * 32}/retry"
    calls: list[tuple[str, str, dict[str, object] | None]] = [
        ("GET", f"{BASE}/rules", None),
        ("GET", f"{BASE}/channels", None),
        ("PUT", f"{BASE}/rules/desk", rule()),
        ("PUT", f"{BASE}/channels/desk", channel("https://hooks.example/")),
        ("DELETE", f"{BASE}/rules/desk", None),
        ("DELETE", f"{BASE}/channels/desk", None),
        ("POST", f"{BASE}/channels/desk/test", None),
        ("POST", retry, None),
    ]
    for method, path, body in calls:
        assert clerk.request(method, path, json=body).status_code == 403, path
    for method, path, body in [("GET", BASE, None), *calls]:
        assert worker.request(method, path, json=body).status_code in {401, 403}, path


def test_a_dead_message_is_told_and_tried_again(
    operator: httpx.Client,
    enrolled: httpx.Client,
    make_posting: Callable[..., Posting],
    desk: Receiver,
    api: RunningApi,
) -> None:
    """``/readyz`` warns of it without a 503; a retry sends it by the same id."""
    operator.put(f"{BASE}/channels/desk", json=channel(desk.url))
    operator.put(f"{BASE}/rules/desk", json=rule())
    make_posting().send(enrolled)
    (sent,) = settled(operator, 1)
    assert operator.post(f"{BASE}/{sent['id']}/retry").status_code == 409
    with api.state.database.writing() as session:
        row = session.query(NotificationRow).one()
        row.state, row.finished = "dead", utc_now()
    ready = operator.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["warnings"]["notifications"].startswith("1 messages were given up")
    assert operator.post(f"{BASE}/{sent['id']}/retry").json()["state"] == "waiting"
    assert {each.headers["x-plumewatch-id"] for each in desk.wait_for(2)} == {sent["id"]}
    assert operator.post(f"{BASE}/{'0' * 32}/retry").status_code == 404


def test_a_channel_that_was_tampered_with_is_told_by_the_log(
    operator: httpx.Client, desk: Receiver, settings: Settings, start_api: Callable[[Settings], RunningApi]
) -> None:
    """Whoever owns the database may send messages elsewhere, or to nobody; the log says that it was otherwise."""
    operator.put(f"{BASE}/channels/desk", json=channel(desk.url))
    operator.put(f"{BASE}/rules/desk", json=rule())
    operator.put(f"{BASE}/rules/night", json=rule(id="night"))
    other = start_api(settings).state.database
    with other.writing() as session:
        channel_row = session.query(NotificationChannelRow).one()
        before, channel_row.url = channel_row.url, "https://elsewhere.example/"
        session.query(NotificationRuleRow).filter_by(rule_id="night").update({"rule_id": "noon"})
    with other.snapshot() as session:
        told = disagreements(session).records
    with other.writing() as session:
        session.query(NotificationChannelRow).update({"url": before})
        session.query(NotificationRuleRow).filter_by(rule_id="noon").update({"rule_id": "night"})
    assert told == [
        "notification rule:noon is there, and no leaf of the log says so",
        "notification channel:desk is not what the log's leaf 0 tells",
        "notification rule:night, of which the log's leaf 2 tells, is gone",
    ]


class TestOverPostgresql:
    """The same over the other database."""

    @pytest.fixture
    def settings(self, settings: Settings, tmp_path: Any) -> Settings:
        """Settings over PostgreSQL."""
        return over_postgresql(settings, tmp_path)

    def test_a_filed_lead_reaches_the_receiver(
        self, operator: httpx.Client, enrolled: httpx.Client, make_posting: Callable[..., Posting], desk: Receiver
    ) -> None:
        """From the post to the message."""
        operator.put(f"{BASE}/channels/desk", json=channel(desk.url))
        operator.put(f"{BASE}/rules/desk", json=rule())
        make_posting().send(enrolled)
        assert len(desk.wait_for(1)) == 1
        assert settled(operator, 1)[0]["state"] == "sent"

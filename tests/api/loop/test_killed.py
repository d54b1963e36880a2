"""The loop under kill -9: what was answered stays, a repeated request is made once, chain, state and log agree."""

import itertools
import json
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import httpx
import pytest

from api.clock import utc_now
from api.people.accounts import open_database
from api.settings import Settings
from api.store.agreement.log import Disagreements, disagreements
from api.store.people import Role, add_operator, set_password
from api.store.search import LeadQuery, list_leads
from api.trust.audit import audit_log
from benchmarks.loop.site import Plan, fill
from tests.api.conftest import CSRF, PASSWORD, PLAIN_HTTP
from tests.api.test_app import start

KILLS = 3
CLIENTS = 3
STEPS: dict[str, list[tuple[str, dict[str, object]]]] = {
    "EVIDENCE_FIXED": [("DISPATCHED", {"team": "一队", "plan_match": {"basis": "lead"}})],
    "DISPATCHED": [("ACCEPTED", {}), ("RETURNED", {})],
    "RETURNED": [("DISPATCHED", {"team": "二队", "plan_match": {"basis": "lead"}})],
    "ACCEPTED": [("NON_SITE_CHECK", {})],
    "NON_SITE_CHECK": [("CONFIRMED", {"explanation": "说明"})],
    "PENDING_VERIFY": [("NEED_MORE", {}), ("VERIFIED", {})],
    "NEED_MORE": [("PENDING_VERIFY", {})],
}
"""Moves that one operator of a site without roles can make again and again."""


@dataclass
class Sent:
    """What clients were told, and what they do not know of."""

    answered: dict[str, tuple[str, int]] = field(default_factory=dict)
    unknown: list[tuple[str, dict[str, str], dict[str, object]]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def work(
    url: str, cookies: httpx.Cookies, leads: list[str], sent: Sent, seed: int, keys: "itertools.count[int]"
) -> None:
    """Move leads until the API is gone."""
    drawn = random.Random(seed)  # noqa: S311
    with httpx.Client(base_url=url, cookies=cookies, headers=CSRF, timeout=20, verify=PLAIN_HTTP) as client:
        while True:
            path = f"/v1/leads/{drawn.choice(leads)}"
            try:
                lead = client.get(path).json()
                moves = STEPS.get(lead["state"], [])
                if not moves:
                    continue
                to, content = drawn.choice(moves)
                headers = {"If-Match": f'"{lead["version"]}"', "Idempotency-Key": f"key-{next(keys)}"}
                body: dict[str, object] = {"to": to, "reason": "断电试验", **content}
            except httpx.TransportError:
                return
            try:
                answer = client.post(f"{path}/transitions", json=body, headers=headers)
            except httpx.TransportError:
                with sent.lock:
                    sent.unknown.append((path, headers, body))
                return
            assert answer.status_code in {200, 412}, answer.text
            if answer.status_code == 200:
                told = answer.json()
                with sent.lock:
                    before = sent.answered.get(path, ("", 0))
                    if told["version"] > before[1]:
                        sent.answered[path] = (told["state"], told["version"])


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """What ends with the test."""
    with ExitStack() as found:
        yield found


@pytest.mark.e2e
def test_nothing_that_was_answered_is_lost(settings: Settings, stack: ExitStack) -> None:
    """Three clients move sixty leads while the API is killed three times; every request is repeated once it is back."""
    with open_database(settings) as database:
        fill(database, Plan(leads=60, enterprises=3, share=1.0), utc_now())
        with database.writing() as session:
            add_operator(session, "li", Role.OPERATOR, PASSWORD, utc_now())
            set_password(session, "li", PASSWORD, must_change=False)
        with database.reading() as session:
            documents, _ = list_leads(session, LeadQuery(limit=100))
    leads = [json.loads(document)["lead_id"] for document in documents]
    sent, keys, drawn = Sent(), itertools.count(), random.Random(5)  # noqa: S311
    for kill in range(KILLS + 1):
        process = start(settings.data_dir, settings.redis_url.get_secret_value())
        stack.callback(process.kill)
        assert process.stdout is not None
        url = next(line.split()[1] for line in process.stdout if line.startswith("at "))
        with httpx.Client(base_url=url, headers=CSRF, timeout=20, verify=PLAIN_HTTP) as client:
            login = client.post("/v1/session", json={"username": "li", "password": PASSWORD})
            assert login.status_code == 201, login.text
            for path, headers, body in sent.unknown:
                first = client.post(f"{path}/transitions", json=body, headers=headers)
                again = client.post(f"{path}/transitions", json=body, headers=headers)
                assert first.status_code in {200, 412}, first.text
                assert (again.status_code, again.text) == (first.status_code, first.text)
            sent.unknown.clear()
            for path, (state, version) in sent.answered.items():
                lead = client.get(path).json()
                assert lead["version"] >= version, path
                assert lead["version"] > version or lead["state"] == state
            if kill == KILLS:
                process.send_signal(signal.SIGTERM)
                process.wait(30)
                break
            threads = [
                threading.Thread(target=work, args=(url, client.cookies, leads, sent, 10 * kill + number, keys))
                for number in range(CLIENTS)
            ]
            for thread in threads:
                thread.start()
            time.sleep(drawn.uniform(0.5, 1.5))
            process.kill()
            process.wait(30)
            for thread in threads:
                thread.join(30)
    assert len(sent.answered) > 10
    with open_database(settings) as database, database.snapshot() as session:
        assert disagreements(session) == Disagreements()
    assert audit_log(settings, None).size > 60

"""The live API under generated requests (schemathesis, by the committed description), as each of its three callers."""

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

from api.clock import utc_now
from api.people.accounts import create_operator, create_worker_key
from api.people.auth import SESSION_COOKIE, session_lifetime
from api.store.people import Role, open_session
from api.store.tables import OperatorRow
from tests.api.conftest import CSRF, Posting, RunningApi

SECONDS = 30
"""A role; all three within two minutes, the start of their processes included."""
SEED = 22
ROOT = Path(__file__).resolve().parents[2]
ENDS_THE_SESSION = ("DELETE /v1/session", "POST /v1/session/password")
"""What logs the caller out: everything after it would be 401. `tests/api/routes/test_session.py` has both."""
DO_NOT_APPLY = ("positive_data_acceptance",)
"""A schema cannot say all that is asked of a request: one time before another, a certificate that is one."""


def headers_of(api: RunningApi, caller: str) -> dict[str, str]:
    """What a caller sends with every request: a worker its key, a person the cookie of a session."""
    if caller == "worker":
        return {"Authorization": f"Bearer {create_worker_key(api.settings, 'fuzz')}"}
    create_operator(api.settings, "fuzz", Role(caller))
    with api.state.database.writing() as session:
        row = session.query(OperatorRow).filter_by(username="fuzz").one()
        row.must_change_password = False
        token = open_session(session, row.operator_id, utc_now(), session_lifetime(api.state))
    return CSRF | {"Cookie": f"{SESSION_COOKIE}={token}"}


@pytest.mark.skipif(find_spec("schemathesis") is None, reason="schemathesis is not installed: make .venv/.dev")
@pytest.mark.parametrize("caller", ["operator", "admin", "worker"])
def test_generated_requests_are_answered_as_described(
    api: RunningApi, enrolled: httpx.Client, make_posting: Callable[..., Posting], tmp_path: Path, caller: str
) -> None:
    """No 500, no answer that the description does not tell, nothing taken that it forbids."""
    assert make_posting().send(enrolled).status_code == 201
    command = [sys.executable, "-m", "schemathesis.cli", "run", str(ROOT / "docs" / "openapi.json")]
    command += ["--url", api.url, "--no-color", "--request-timeout", "60"]  # the machine may be busy
    command += ["--seed", str(SEED), "--max-time", str(SECONDS), "--phases", "examples,coverage,fuzzing"]
    command += ["--generation-database", "none", "--continue-on-failure"]
    for name in ENDS_THE_SESSION:
        command += ["--exclude-name", name]
    command += ["--exclude-checks", ",".join(DO_NOT_APPLY)]
    for name, value in headers_of(api, caller).items():
        command += ["--header", f"{name}: {value}"]
    environment = os.environ | {"SCHEMATHESIS_HOOKS": "tests.api.fuzz_hooks", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=170, env=environment, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout[-6000:]

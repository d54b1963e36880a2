"""A site with roles: operators who hold one each."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx

from api.clock import utc_now
from api.contract.wire.role import LoopRole
from api.store.loop.grants import grant_role
from tests.api.conftest import RunningApi, client_of
from tests.api.contract.sample import LEAD_ID

PATH = f"/v1/leads/{LEAD_ID}"
ANSWERS = {"true": True, "clear": True, "complete": True, "accurate": True}


@contextmanager
def staff(api: RunningApi, **roles: str) -> Iterator[dict[str, httpx.Client]]:
    """Log in operators by name, each with the roles of its letters, everywhere."""
    with ExitStack() as stack:
        clients = {name: stack.enter_context(client_of(api, name)) for name in roles}
        with api.state.database.writing() as session:
            for name, letters in roles.items():
                for letter in letters:
                    grant_role(session, name, LoopRole(letter), "", by="test", at=utc_now())
        yield clients


def move(client: httpx.Client, to: str, path: str = PATH, **more: object) -> httpx.Response:
    """Make a move on a lead as it stands, on the sample lead where no other is named."""
    version = client.get(path).json()["version"]
    body = {"to": to, "reason": "看过", **more}
    return client.post(f"{path}/transitions", json=body, headers={"If-Match": f'"{version}"'})

"""What the routes work with: one object for the app's life, held by ``app.state``."""

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from api.broker import Broker
from api.logins import LoginLimit
from api.metrics import Metrics
from api.provers import Provers
from api.removals import Removals
from api.reviews import ReviewBoard
from api.room import Room
from api.roster import Roster
from api.settings import Settings
from api.store.database import Database
from api.vault import Vault


@dataclass(frozen=True, slots=True)
class ApiState:
    """The parts of a running API."""

    settings: Settings
    database: Database
    vault: Vault
    broker: Broker
    roster: Roster
    removals: Removals
    reviews: ReviewBoard
    metrics: Metrics
    logins: LoginLimit
    provers: Provers
    room: Room = field(default_factory=Room)


def _api_state(connection: HTTPConnection) -> ApiState:
    state: ApiState = connection.app.state.api
    return state


State = Annotated[ApiState, Depends(_api_state)]

"""What the routes work with: one object for the app's life, held by ``app.state``."""

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from api.evidence.capacity import Room
from api.evidence.vault import Vault
from api.fleet.broker import Broker
from api.fleet.camera_roster import CameraRoster
from api.fleet.removals import Removals
from api.fleet.reviews import ReviewBoard
from api.metrics import Metrics
from api.notify.notifier import Notifier
from api.people.logins import LoginLimit
from api.register.board import RegisterBoard
from api.settings import Settings
from api.store.database import Database
from api.trust.services import Provers


@dataclass(frozen=True, slots=True)
class ApiState:
    """The parts of a running API."""

    settings: Settings
    database: Database
    vault: Vault
    broker: Broker
    roster: CameraRoster
    removals: Removals
    reviews: ReviewBoard
    register: RegisterBoard
    metrics: Metrics
    logins: LoginLimit
    provers: Provers
    notifier: Notifier
    room: Room = field(default_factory=Room)


def _api_state(connection: HTTPConnection) -> ApiState:
    state: ApiState = connection.app.state.api
    return state


State = Annotated[ApiState, Depends(_api_state)]

"""Draws of who is checked, by a published seed (domain.md 6.1, S6)."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from api.checks.drawing import make_draw
from api.clock import utc_now
from api.contract.checks.draw import Draw, DrawRequest
from api.contract.register.entry import KEY_MOST, KEY_PATTERN
from api.contract.wire.role import LoopRole
from api.loop.actor import missing_role
from api.people.auth import AnyOperator
from api.problems import Problem
from api.routes.checks.codes import found_check
from api.state import State
from api.store.checks.draws import get_draw, list_draws
from api.store.faults import RecordConflict

router = APIRouter(prefix="/v1", tags=["checks"])


class DrawList(BaseModel):
    """Ids of draws, the newest first."""

    draws: list[str]


@router.post("/draws", status_code=201)
async def post_draw(body: DrawRequest, operator: AnyOperator, state: State, response: Response) -> Draw:
    """
    Draw enterprises and officers from the register as it stands; the draw and its pools never change.

    409 where the id was used or a pool is too small. How anybody draws again: `docs/checks.md`.
    """

    def make() -> Draw:
        with state.database.writing() as session, found_check():
            if reason := missing_role(session, operator.username, (LoopRole.HEAD, LoopRole.DISPATCHER), body.division):
                raise Problem(403, "role-required", reason)
            try:
                return make_draw(session, body, operator.username, utc_now())
            except RecordConflict as fault:
                raise Problem(409, "draw-made", str(fault)) from fault

    made = await run_in_threadpool(make)
    response.headers["Location"] = f"/v1/draws/{made.id}"
    return made


@router.get("/draws")
def get_draws(_: AnyOperator, state: State, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> DrawList:
    """List the ids of draws, the newest first."""
    with state.database.reading() as session:
        return DrawList(draws=list_draws(session, limit))


@router.get("/draws/{id}")
def get_one_draw(
    draw_id: Annotated[str, Path(alias="id", max_length=KEY_MOST, pattern=KEY_PATTERN)], _: AnyOperator, state: State
) -> Draw:
    """Show a draw: seed, pools, and who was drawn."""
    with state.database.reading() as session, found_check():
        return get_draw(session, draw_id)

"""Workers: the newest report of each, and its part in watching the registered cameras."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.contract.health import WorkerHealth
from api.contract.wire.worker import WorkerReport
from api.fleet.broker import BusDown
from api.fleet.cameras import all_members, all_workers
from api.people.auth import Reader
from api.state import State

router = APIRouter(prefix="/v1/workers", tags=["workers"])


class WorkerView(BaseModel):
    """A worker with a report in the last seconds."""

    name: str = Field(description="the node's name")
    health: WorkerHealth | None = Field(description="null while it has said nothing of itself for 15 s")
    member: WorkerReport | None = Field(description="null while it takes no part in the group of watchers")


class WorkerList(BaseModel):
    """Workers by name."""

    workers: list[WorkerView]
    unclaimed: int = Field(description="registered cameras that no worker watches: their capacity is used up")
    bus: bool = Field(description="false while the bus is away and nothing is known")


@router.get("")
async def get_workers(_: Reader, state: State) -> WorkerList:
    """List the workers that report themselves."""
    try:
        health = {worker.worker: worker for worker in await all_workers(state)}
        members = {member.name: member for member in await all_members(state)}
        unclaimed = await state.roster.unclaimed()
    except BusDown:
        return WorkerList(workers=[], unclaimed=0, bus=False)
    views = [
        WorkerView(name=name, health=health.get(name), member=members.get(name))
        for name in sorted(health.keys() | members.keys())
    ]
    return WorkerList(workers=views, unclaimed=unclaimed, bus=True)

"""Rules: each row of the violation catalogue and its standing here, for drawing zones and reviewing leads."""

from zoneinfo import ZoneInfo

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from api.clock import utc_now
from api.contract.catalogue import catalogue
from api.contract.standing import Standing, standings
from api.contract.wire.lead import LeadLegal
from api.fleet.broker import BusDown
from api.fleet.cameras import all_workers
from api.people.auth import Reader
from api.state import ApiState, State
from api.store.cameras import list_cameras

router = APIRouter(prefix="/v1/rules", tags=["rules"])

_LOCAL = ZoneInfo("Asia/Shanghai")
"""Where the catalogue's laws are in force: their day begins there."""


class RuleView(BaseModel):
    """A row of the catalogue as people read it."""

    code: str
    zh: str
    en: str
    zones: list[str] = Field(description="kinds of zone of which the rule needs one; empty: it needs none")
    seen_zh: str = Field(description="what must be seen and how long")
    seen: str
    detectable: bool = Field(description="a rule for it exists")
    missing_zh: str = Field(description="what is still missing; empty: nothing")
    status: Standing = Field(description="by the models of reporting workers and the drawn zones")
    reason_zh: str
    reason: str
    missing_classes: list[str] = Field(description="classes without which it cannot be seen and no worker's model has")
    drawn: list[str] = Field(description="zones that put it to work, as camera/zone")
    proposed_by: str = Field(description="rule that proposes the code outside every zone; empty: none does")
    legal: LeadLegal = Field(description="today's law")


class RuleList(BaseModel):
    """All rows of the catalogue in force."""

    version: str
    classes: list[str] = Field(description="classes of the models of reporting workers; empty: no worker reports")
    rules: list[RuleView]


@router.get("")
async def get_rules(_: Reader, state: State) -> RuleList:
    """List the rules of the violation catalogue, the zones that enable them, and the standing of each."""
    zones = await run_in_threadpool(_drawn, state)
    classes = await _classes(state)
    stood = standings(classes, zones, utc_now().astimezone(_LOCAL).date())
    known = catalogue()
    return RuleList(
        version=known.version,
        classes=classes,
        rules=[
            RuleView(
                code=row.code,
                zh=row.zh,
                en=row.en,
                zones=row.zones,
                seen_zh=row.seen_zh,
                seen=row.seen,
                detectable=row.rule != "",
                missing_zh=row.missing_zh,
                status=standing.status,
                reason_zh=standing.reason_zh,
                reason=standing.reason,
                missing_classes=standing.missing_classes,
                drawn=standing.drawn,
                proposed_by=standing.proposed_by,
                legal=standing.legal,
            )
            for row, standing in zip(known.violations, stood, strict=True)
        ],
    )


def _drawn(state: ApiState) -> list[tuple[str, str, str]]:
    with state.database.reading() as session:
        return [(camera.id, zone.name, zone.kind) for camera in list_cameras(session) for zone in camera.zones]


async def _classes(state: ApiState) -> list[str]:
    """Return the classes of the workers' models; empty while the bus is away or no worker reports."""
    try:
        workers = await all_workers(state)
    except BusDown:
        return []
    return sorted({name for worker in workers for name in worker.detector.classes})

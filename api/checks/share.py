"""Share: how many checks were made from afar (domain.md 6.1, S5)."""

import json
from datetime import datetime

from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.contract.wire.moment import rfc3339
from api.contract.wire.state import LeadState
from api.store.checks.codes import visits_between
from api.store.tables import TransitionRow

_ENDS = (LeadState.CONFIRMED, LeadState.NOT_CONFIRMED)


class NonSiteShare(BaseModel):
    """Checks of a time."""

    on_site: int = Field(description="check codes that were scanned for the first time")
    non_site: int = Field(description="leads that were confirmed or not from the office (NON_SITE_CHECK)")
    share: str | None = Field(description="non-site checks of all, in per cent with two decimals; null: no check")


def non_site_share(session: Session, since: datetime, until: datetime) -> NonSiteShare:
    """Return the checks from `since` on and before `until`, both aware."""
    on_site = visits_between(session, since, until)
    begun = f'"from":"{LeadState.NON_SITE_CHECK}"'
    left = select(TransitionRow.record).where(TransitionRow.record.contains(begun, autoescape=True))
    records = (json.loads(record) for record in session.scalars(left.execution_options(yield_per=500)))
    start, end = rfc3339(since), rfc3339(until)
    non_site = sum(record["to"] in _ENDS and start <= record["at"] < end for record in records)
    total = on_site + non_site
    return NonSiteShare(on_site=on_site, non_site=non_site, share=f"{100 * non_site / total:.2f}" if total else None)

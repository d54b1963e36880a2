"""Drawing: a draw over the register as it stands, frozen with its pools (domain.md 6.1, S6)."""

import hashlib
from datetime import datetime

from sqlalchemy.orm import Session

from api.checks.refusal import Refused
from api.contract.checks.draw import Draw, Drawn, DrawRequest, Pooled, draw
from api.contract.evidence.article41 import local_day
from api.contract.register.enterprise import Enterprise, Risk
from api.contract.register.staff import Officer
from api.contract.trust.stamp import canonical_json
from api.store.checks.draws import keep_draw
from api.store.register.held import all_held
from api.store.register.standing import registry_version

_UNGRADED = "none"


def make_draw(session: Session, asked: DrawRequest, username: str, at: datetime) -> Draw:
    """Draw, and keep the draw with its pools; needs the writing transaction; raise `Refused` or `RecordConflict`."""
    names: dict[str, str] = {}
    pool: dict[str, int] = {}
    for stored in all_held(session, Enterprise, at):
        enterprise = stored.document
        weight = asked.weights.get(_colour(enterprise, at), 0)
        if weight and _is_meant(enterprise, asked):
            pool[enterprise.uscc], names[enterprise.uscc] = weight, enterprise.name
    officers = sorted(
        stored.document.cert_no
        for stored in all_held(session, Officer, at)
        if stored.document.division.startswith(asked.division)
    )
    if not pool:
        raise Refused("empty-pool", "the register holds no enterprise that could be drawn")
    if len(officers) < asked.officers_each:
        raise Refused(
            "empty-pool", f"{len(officers)} officers hold a certificate there, a team takes {asked.officers_each}"
        )
    pooled = [Pooled(uscc=uscc, weight=weight) for uscc, weight in sorted(pool.items())]
    pools = {"pool": [[each.uscc, each.weight] for each in pooled], "officers": officers}
    found = draw(asked.seed, pool, asked.count, officers, asked.officers_each)
    made = Draw(
        **{name: getattr(asked, name) for name in DrawRequest.model_fields},
        made_at=at,
        made_by=username,
        registry_version=registry_version(session, at),
        pool=pooled,
        officers=officers,
        pool_sha256=hashlib.sha256(canonical_json(pools)).hexdigest(),
        drawn=[Drawn(uscc=uscc, name=names[uscc], officers=team) for uscc, team in found],
    )
    keep_draw(session, made, at)
    return made


def _colour(enterprise: Enterprise, at: datetime) -> str:
    colour = enterprise.risk_on(local_day(at))
    return _UNGRADED if colour is Risk.NONE else colour.value


def _is_meant(enterprise: Enterprise, asked: DrawRequest) -> bool:
    return enterprise.division.startswith(asked.division) and asked.industry in {"", enterprise.industry}

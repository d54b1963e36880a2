"""Rules: what the violation catalogue says of each, for who draws zones and reviews leads."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.auth import Reader
from api.contract.catalogue import catalogue

router = APIRouter(prefix="/v1/rules", tags=["rules"])


class RuleView(BaseModel):
    """A row of the catalogue as people read it."""

    code: str
    zh: str
    en: str
    zones: list[str] = Field(description="kinds of zone of which the rule needs one; empty: it needs none")
    seen_zh: str = Field(description="what must be seen and how long")
    seen: str
    detectable: bool = Field(
        description="a rule for it exists; whether the model knows its classes is the worker's to say"
    )
    missing_zh: str = Field(description="what is still missing; empty: nothing")


class RuleList(BaseModel):
    """All rows of the catalogue in force."""

    version: str
    rules: list[RuleView]


@router.get("")
def get_rules(_: Reader) -> RuleList:
    """List the rules of the violation catalogue and the kinds of zone that put them to work."""
    known = catalogue()
    return RuleList(
        version=known.version,
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
            )
            for row in known.violations
        ],
    )

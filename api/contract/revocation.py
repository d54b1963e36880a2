"""Revoked certificates: which, since when and why, as one JSON file that verifiers can carry along."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict, ValidationError

from api.contract.schema import Sha256, UtcTime
from api.contract.stamp import StampError


@dataclass(frozen=True, slots=True)
class Revocation:
    """Since when a certificate no longer counts (aware UTC), and why, for people."""

    at: datetime
    reason: str


class RevokedDocument(BaseModel):
    """One revoked certificate."""

    model_config = ConfigDict(extra="forbid")

    certificate_sha256: Sha256
    at: UtcTime
    reason: str


class RevokedList(BaseModel):
    """All revoked certificates: ``revoked.json``."""

    model_config = ConfigDict(extra="forbid")

    revoked: list[RevokedDocument]


def parse_revoked(data: bytes) -> Mapping[str, Revocation]:
    """Return fingerprint to revocation from a ``revoked.json``; raise `StampError` for anything else."""
    try:
        document = RevokedList.model_validate_json(data)
    except ValidationError as error:
        raise StampError("the list of revoked certificates is not the JSON of GET /v1/trust/revoked.json") from error
    return {each.certificate_sha256: Revocation(each.at, each.reason) for each in document.revoked}

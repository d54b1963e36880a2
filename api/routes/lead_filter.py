"""What leads can be asked for: the query parameters of their list."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, WithJsonSchema, model_validator

from api.contract.fields import Line, Word
from api.contract.wire.document import Wire
from api.contract.wire.identifiers import CameraIdText, Sha256
from api.contract.wire.state import LeadState, Priority
from api.routes.asked_time import AskedTime
from api.store.search import Box, LeadQuery

_Time = Annotated[
    AskedTime | None,
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date-time"}, {"const": "", "type": "string"}]}),
]
"""A time, or nothing: an empty text is what a form sends that was not filled in."""


class LeadFilter(Wire):
    """All that is given must hold, and what is left empty is not given; see `api.store.search.LeadQuery`."""

    state: list[LeadState] = Field(default_factory=list, max_length=32, description="repeat for several")
    camera: CameraIdText | None = None
    code: Word | None = None
    priority: Priority | None = None
    from_: _Time = Field(None, alias="from", description="first seen at or after")
    to: _Time = Field(None, description="first seen before")
    division: str | None = Field(
        None, max_length=12, pattern=r"^[0-9]{2,12}$", description="GB/T 2260 code or its beginning: 11, 1101, 110112"
    )
    bbox: Line | None = Field(None, max_length=100, description="west,south,east,north in degrees, WGS 84")
    enterprise: Line | None = Field(
        None, min_length=1, max_length=100, description="18-character code, or a part of the name"
    )
    q: Line | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="words of which each must occur, in names, places, violation, law and reviewers' reasons; "
        "Chinese anywhere, other words by their beginning",
    )
    sha256: Sha256 | None = Field(None, description="of any file of the package, or of its SHA256SUMS")
    cursor: Line | None = Field(None, max_length=200, description="`next` of the page before")
    limit: Annotated[int, Field(ge=1, le=500)] = 50

    @model_validator(mode="before")
    @classmethod
    def _what_is_empty_is_not_given(cls, asked: object) -> object:
        if not isinstance(asked, Mapping):
            return asked
        return {name: value for name, value in asked.items() if value not in ("", [""])}

    @model_validator(mode="after")
    def _box_is_on_the_map(self) -> Self:
        self.box()
        return self

    def box(self) -> Box | None:
        """Return the part of the map that is asked for; raise `ValueError`."""
        if self.bbox is None:
            return None
        try:
            west, south, east, north = (float(edge) for edge in self.bbox.split(","))
        except ValueError as fault:
            raise ValueError(f"bbox: must be west,south,east,north, found {self.bbox!r}") from fault
        if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
            raise ValueError(f"bbox: {self.bbox} is no part of the map: west <= east, south <= north")
        return Box(west, south, east, north)

    def query(self) -> LeadQuery:
        """Return what the store is asked."""
        return LeadQuery(
            states=tuple(self.state),
            camera=self.camera,
            code=self.code,
            priority=self.priority,
            start=self.from_,
            end=self.to,
            division=self.division,
            box=self.box(),
            enterprise=self.enterprise,
            words=self.q,
            sha256=self.sha256,
            cursor=self.cursor,
            limit=self.limit,
        )

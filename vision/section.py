"""Section: what every table of a worker's configuration is, and the kinds of value that several of them have."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(min_length=1, max_length=64)]
ViolationCode = Annotated[str, Field(pattern=r"^(V\d{2}[A-Z]?_[A-Z_]+)?$")]


class Section(BaseModel):
    """A frozen table of the configuration with no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

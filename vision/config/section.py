"""Section: what every table of a worker's configuration is, and the kinds of value that several of them have."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.contract.fields import Word
from api.contract.wire.identifiers import CodeOrNone

Name = Annotated[Word, Field(min_length=1)]
ViolationCode = CodeOrNone


class Section(BaseModel):
    """A frozen table of the configuration with no unknown keys; its texts and numbers are those of the wire."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

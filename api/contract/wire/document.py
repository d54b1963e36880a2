"""Document: what every document of the wire is, a frozen model that refuses unknown keys."""

from pydantic import BaseModel, ConfigDict


class Wire(BaseModel):
    """
    A frozen document with no unknown keys and no number that is not finite.

    Its fields take the kinds of value of `api.contract.fields`: a test walks them and knows no text, list or whole
    number without a limit.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

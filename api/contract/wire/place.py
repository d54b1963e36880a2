"""Place: where a camera looks, in its own document and in the leads that it makes."""

from pydantic import Field

from api.contract.fields import Name, Word
from api.contract.wire.document import Wire


class Place(Wire):
    """Where the camera looks."""

    division: Word = Field("", description="GB/T 2260 division code")
    town: Name = Field("", description="town or street, for people")
    lon: float | None = Field(None, ge=-180, le=180, description="degrees east, WGS 84")
    lat: float | None = Field(None, ge=-90, le=90, description="degrees north, WGS 84")

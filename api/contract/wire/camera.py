"""Camera: a camera as operators configure it."""

from pydantic import Field

from api.contract.fields import Address, Name, Settings
from api.contract.wire.document import Wire
from api.contract.wire.identifiers import CameraIdText, GbId
from api.contract.wire.place import Place
from api.contract.wire.zone import Zones


class CameraDocument(Wire):
    """A camera as operators configure it. ``source`` is write-only: answers show it redacted."""

    id: CameraIdText
    name: Name = ""
    source: Address = Field("", description="stream address or file; credentials are never shown again")
    enabled: bool = True
    gb_id: GbId = ""
    place: Place = Place()
    stream: Settings = Field(default_factory=dict, description="stream settings by name")
    zones: Zones = Field(default_factory=list, description="polygons in its picture")
    configured_by: Name = Field(
        "", max_length=64, description="node whose own configuration names it; empty: registered here, for any worker"
    )

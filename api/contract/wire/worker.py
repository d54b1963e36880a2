"""Worker report: what a worker says of itself."""

from pydantic import Field

from api.contract.fields import Count, Name, Word
from api.contract.wire.document import Wire
from api.contract.wire.identifiers import CameraIdText
from api.contract.wire.moment import UtcTime


class WorkerReport(Wire):
    """What a worker says of itself, twice a second; it is gone when the worker has said nothing for 5 s."""

    name: Name = Field(description="the node's name")
    member: Name = Field(description="its name in the group of watchers; unique")
    version: Word = ""
    since: UtcTime = Field(description="when it started")
    cameras: dict[CameraIdText, Count] = Field(
        default_factory=dict,
        max_length=10_000,
        description="registered cameras that it watches, and how many frames of each it analysed",
    )
    held: Count = Field(0, description="registered cameras that it has claimed")
    own: Count = Field(0, description="cameras of its own configuration")
    capacity: Count = Field(0, description="registered cameras that it would watch at most")
    pressure: float = Field(0.0, ge=0, le=1, description="share of frames that it lately could not analyse in time")
    draining: bool = False

"""A worker's health report, sent once a second: the source of the API's metrics and the wall's system panel."""

from pydantic import Field

from api.contract.fields import Count, Line, Name, Seconds, Word
from api.contract.wire.document import Wire
from api.contract.wire.moment import UtcTime

BATCH_BOUNDS_S = (0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0)
"""Upper bounds in seconds of the classes in which durations of batches are counted, as in `models.pool`; one more
class holds what is longer."""


class DetectorHealth(Wire):
    """The detector pool since the worker's start."""

    model: Name = ""
    engine: Name = ""
    classes: list[Word] = Field(default_factory=list, max_length=1024, description="what the model can find")
    batches: dict[Word, Count] = Field(default_factory=dict, max_length=64, description="runs by number of pictures")
    durations: list[Count] = Field(
        default_factory=lambda: [0] * (len(BATCH_BOUNDS_S) + 1),
        min_length=len(BATCH_BOUNDS_S) + 1,
        max_length=len(BATCH_BOUNDS_S) + 1,
        description="runs by duration, in the classes of `BATCH_BOUNDS_S`",
    )
    busy_s: Seconds = Field(0.0, description="seconds in which a detector ran, of all threads together")
    threads: Count = Field(0, description="detector threads: so many busy seconds a second at most")
    images: Count = 0
    stale: Count = 0
    failed: Count = 0
    refused: Count = 0


class OutboxHealth(Wire):
    """Leads on their way to the API: what waits now, and counts since the worker's start."""

    pending: Count = 0
    oldest_age_s: Seconds = 0.0
    parked: Count = 0
    posted: Count = 0
    rejected: Count = 0
    retries: Count = 0
    unauthorised: Count = 0
    node_taken: Count = 0


class EvidenceHealth(Wire):
    """Cases since the worker's start."""

    opened: Count = 0
    finished: Count = 0
    storage_failures: Count = 0
    waits: Line = Field("", description="why evidence waits for its disk, in a sentence; empty: none does")
    announcements_dropped: Count = 0


class WorkerHealth(Wire):
    """A worker at one moment."""

    worker: Name = Field(description="name of the node")
    started: UtcTime
    reported: UtcTime
    version: Word = ""
    cameras: Count = Field(0, description="cameras it watches")
    cpus: Count = Field(1, ge=1, description="processors it may use")
    cpu_s: Seconds = Field(0.0, description="processor seconds since its start")
    cpu_share: float = Field(0.0, ge=0, description="processors busy since the last report: 1.5 of 2, say")
    rss_bytes: Count = 0
    threads: Count = 0
    ring_bytes: Count = 0
    detector: DetectorHealth = DetectorHealth()
    outbox: OutboxHealth = OutboxHealth()
    evidence: EvidenceHealth = EvidenceHealth()
    coverage_unsent: Count = Field(
        0, description="hours of coverage that the API does not have in their newest version"
    )

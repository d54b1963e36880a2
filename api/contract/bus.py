"""
The bus: names of the Redis keys and streams that tie workers and the API together, and nothing else.

Data that may be lost (snapshots, live tiles, states) expires by itself. Nothing else travels here: leads go
by HTTP from the outbox, wall events live in the database and the bus only rings a bell.

| key | kind | written by | holds |
|---|---|---|---|
| ``pw:camera:{id}:state`` | string, 15 s | worker | `CameraHealth` JSON |
| ``pw:vitals:{node}`` | string, 15 s | worker | `WorkerHealth` JSON |
| ``pw:camera:{id}:snapshot`` | hash, 120 s | worker | ``jpeg``, ``utc``, ``width``, ``height`` |
| ``pw:camera:{id}:wanted`` | string, 10 s | API | a viewer is watching: publish the live tile |
| ``pw:camera:{id}:live`` | stream, capped | worker | entries of `LiveEntry` kinds |
| ``pw:camera:{id}:init`` | hash, 60 s | worker | the newest ``init``: ``data``, ``segment``, ``epoch`` |
| ``pw:cameras:desired`` | hash id -> JSON | API | `CameraDocument` with its full source, and `DESIRED_MARKER` |
| ``pw:cameras`` | stream | API | an entry for each camera to be watched: ``camera``, ``generation`` |
| ``pw:worker:{member}`` | string, 5 s | worker | `WorkerReport` JSON |
| ``pw:dry-runs:{node}`` | list | API | ids of dry runs that wait for this worker |
| ``pw:dry-runs:{node}:turn`` | string | API | id of the dry run that has the worker's turn: one at a time |
| ``pw:dry-run:{id}`` | hash, an hour | API, worker | ``order``, ``report``, ``picture:{n}``; without it the run ends |
| ``pw:redactions`` | list | API | ids of clips to be covered, for any worker |
| ``pw:redaction:{id}`` | hash, an hour | API, worker | ``order``, ``report``; without it the work ends |
| ``pw:redaction:{id}:held`` | string, 15 s | worker | the worker that is at it |
| ``pw:reviews`` | hash id -> JSON | API | `LeadReview` lists by camera, and `REVIEWS_MARKER` |
| ``pw:register`` | hash | API | `RegisterStanding` JSON in `REGISTER_WHOLE`, and `REGISTER_MARKER` |
| ``pw:leads:announced`` | stream, capped | worker | ``announcement``: `LeadAnnouncement` JSON |
| ``pw:events`` | pub/sub | API | newest event cursor: the bell |
"""

import hashlib
from enum import StrEnum

DESIRED_CAMERAS = "pw:cameras:desired"
DESIRED_MARKER = "-"
"""
Field that the list of desired cameras always has, to distinguish an empty list from a lost one; it holds a
digest of the list.
"""

CAMERAS = "pw:cameras"
"""
The cameras to be watched, one entry each, and their watchers as its consumer group (docs/decisions/0013).

Every entry is always pending: with the worker that watches the camera and keeps it from growing idle, or with
`NOBODY`. A worker may take an entry that has been idle long enough: `SETTLE_MS` for one of `NOBODY`,
`TAKEOVER_MS` for one whose worker is silent. A changed camera is a new entry, a removed one is none.
"""

WATCHERS = "workers"
NOBODY = "nobody"
"""Member of the group that holds what no worker watches. No worker is called that: theirs end in a fingerprint."""

ENTRY_CAMERA = "camera"
ENTRY_GENERATION = "generation"
"""Fields of an entry: the camera's id, and `generation_of` its document."""

SETTLE_MS = 3_000
"""
How long an entry is held by `NOBODY` before a worker may take it. A new or returned entry is written as one that has
already waited; it really waits only after the bus lost the list, so that the camera's watcher has the first claim.
"""

TAKEOVER_MS = 8_000
"""A worker silent for so long has lost its cameras to the others: they are watched again within 15 s."""

REVIEWS = "pw:reviews"
REVIEWS_MARKER = "-"
"""
Field that the reviews always have, to distinguish a camera without reviews from a bus that has lost them; it changes
with the database's reviews.
"""

REVIEW_DAYS = 14
"""
Days whose leads' reviews are kept on the bus: as long as a camera's history of tracks reaches (`vision.leads.budget`).
"""

REGISTER = "pw:register"
REGISTER_WHOLE = "standing"
REGISTER_MARKER = "-"
"""Field with a digest of the state, so that a worker reads all of it only after a change."""

LEADS_ANNOUNCED = "pw:leads:announced"
EVENTS_BELL = "pw:events"

STATE_TTL_S = 15
WORKER_TTL_S = 5
SNAPSHOT_TTL_S = 120
WANTED_TTL_S = 10
LIVE_MAXLEN = 600
INIT_TTL_S = 60
DRY_RUN_TTL_S = 3600
"""How long the result of a dry run can be looked at."""
REDACTIONS = "pw:redactions"
REDACTION_TTL_S = 3600
"""How long the report of a redaction can be read; the copy itself stays with the lead."""
REDACTION_HELD_S = 15
"""A worker silent for so long is not at its redaction any more."""
ANNOUNCED_MAXLEN = 10_000


class LiveEntry(StrEnum):
    """
    Kinds of entry in a live stream; each entry has the fields ``kind`` and ``data``.

    ``init``: JSON `LiveInit` in ``data``, the initialisation segment in ``segment``. ``media``: a fragment in ``data``,
    ``key`` = ``1`` when it starts with a key frame. ``message``: JSON of an overlay, clock or end message.
    """

    INIT = "init"
    MEDIA = "media"
    MESSAGE = "message"


def state_key(camera_id: str) -> str:
    """Key of a camera's last reported state."""
    return f"pw:camera:{camera_id}:state"


def worker_key(member: str) -> str:
    """Key of the newest report of a member of `WATCHERS`."""
    return f"pw:worker:{member}"


def generation_of(document: bytes) -> str:
    """Return a digest that identifies a version of a camera's document."""
    return hashlib.sha256(document).hexdigest()[:16]


def vitals_key(node: str) -> str:
    """Key of a worker's newest report of its own health."""
    return f"pw:vitals:{node}"


def snapshot_key(camera_id: str) -> str:
    """Key of a camera's newest snapshot."""
    return f"pw:camera:{camera_id}:snapshot"


def wanted_key(camera_id: str) -> str:
    """Key that exists while a viewer watches the camera."""
    return f"pw:camera:{camera_id}:wanted"


def live_key(camera_id: str) -> str:
    """Key of a camera's live stream."""
    return f"pw:camera:{camera_id}:live"


def init_key(camera_id: str) -> str:
    """
    Key of the newest initialisation of a camera's live stream, for viewers that join after it left the capped stream.

    A hash with the fields ``data`` (JSON `LiveInit`) and ``segment`` of the entry, and ``epoch`` in decimal; its time
    to live is renewed with each message.
    """
    return f"pw:camera:{camera_id}:init"


def dry_runs_key(node: str) -> str:
    """Key of the dry runs that wait for a worker."""
    return f"pw:dry-runs:{node}"


def dry_run_turn_key(node: str) -> str:
    """Key that holds the id of a worker's current dry run."""
    return f"pw:dry-runs:{node}:turn"


def dry_run_key(run_id: str) -> str:
    """Key of one dry run: its order, its report, its pictures."""
    return f"pw:dry-run:{run_id}"


def dry_run_picture(number: int) -> str:
    """Field of a dry run's hash that holds the JPEG of its lead ``number``, from 0."""
    return f"picture:{number}"


def redaction_key(redaction_id: str) -> str:
    """Key of the redaction of one clip: its order and its report."""
    return f"pw:redaction:{redaction_id}"


def redaction_held_key(redaction_id: str) -> str:
    """Key that a worker keeps alive while it covers the clip."""
    return f"pw:redaction:{redaction_id}:held"

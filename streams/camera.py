"""
Cameras: where a stream comes from and how it is to be read.

Credentials live inside `SourceUrl` and leave it only through `SourceUrl.reveal`, which the packet source alone calls.
"""

import hashlib
import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import NewType

CameraId = NewType("CameraId", str)
"""Identifies a camera at one site: 1-64 of ``[A-Za-z0-9_-]``; a 20-digit GB/T 28181 id fits."""

_CAMERA_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SCHEME = re.compile(r"[^@:]*://|(?:rtsps?|rtmps?|https?|srt|udp)[:/\\]+", re.IGNORECASE)
"""How an address begins, the usual slips of the hand included."""
_NETWORK_SCHEMES = frozenset({"rtsp", "rtsps", "rtmp", "rtmps", "http", "https", "udp"})


NO_SUCH_KIND = "no stream of that kind; known are rtsp, rtmp, http, udp and files"
"""What is said of an address with another scheme."""


class CameraIdError(ValueError):
    """A camera id holds characters that are not allowed, or is empty or too long."""


def camera_id(text: str) -> CameraId:
    """Return `text` as a `CameraId`; raise `CameraIdError` if it cannot be one."""
    if not _CAMERA_ID.fullmatch(text):
        raise CameraIdError(f"camera id must be 1-64 of A-Z a-z 0-9 _ -, got {text!r}")
    return CameraId(text)


class SourceUrl:
    """
    The address of a stream or the path of a file; its text form never shows credentials.

    A text without a known network scheme is a file path. `query` strings are hidden too: gateways put tokens there.
    """

    __slots__ = ("_url",)

    def __init__(self, url: str) -> None:
        self._url = url

    def reveal(self) -> str:
        """Return the address with its credentials, for the library that opens it."""
        return self._url

    @property
    def scheme(self) -> str:
        """``file`` or the network scheme in lower case."""
        head, separator, _ = self._url.partition("://")
        scheme = head.lower() if separator else ""
        return scheme if scheme in _NETWORK_SCHEMES else "file"

    @property
    def is_file(self) -> bool:
        """True for a path on this machine."""
        return self.scheme == "file"

    @property
    def has_unknown_scheme(self) -> bool:
        """True for what looks like an address and is neither that of a stream nor a file's."""
        return self.is_file and "://" in self._url and not self._url.startswith("file://")

    @property
    def path(self) -> Path:
        """The file's path; only meaningful where `is_file` holds."""
        return Path(self._url.removeprefix("file://"))

    @property
    def redacted(self) -> str:
        """
        The address with user, password, query and fragment replaced by ``***``.

        All up to the last ``@`` goes, for passwords hold ``/``, ``?`` and ``#`` in real life. So it does where the
        scheme is mistyped, which counts as a file, and where none is left: with a ``:`` before the ``@``.
        """
        scheme = _SCHEME.match(self._url)
        before, at, address = self._url[scheme.end() if scheme else 0 :].rpartition("@")
        is_path = ":" not in before and "://" not in self._url if scheme is None else scheme[0].lower() == "file://"
        if is_path:
            return self._url
        shown = re.split(r"[?#]", address, maxsplit=1)
        head = "" if scheme is None else scheme[0]
        return f"{head}{'***@' if at else ''}{shown[0]}{'?***' if len(shown) > 1 else ''}"

    @property
    def sha256(self) -> str:
        """Hex SHA-256 of the full address: what evidence names instead of the address (domain.md 5.2)."""
        return hashlib.sha256(self._url.encode()).hexdigest()

    def __repr__(self) -> str:
        return f"SourceUrl({self.redacted!r})"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SourceUrl) and other._url == self._url

    def __hash__(self) -> int:
        return hash(self._url)


class Transport(StrEnum):
    """How RTP travels in an RTSP session."""

    TCP = "tcp"
    UDP = "udp"


class Pace(StrEnum):
    """How fast a file is read: at its own speed like a camera, or as fast as it can be analysed."""

    REALTIME = "realtime"
    FREE = "free"


class WatchPolicy(StrEnum):
    """How a camera's pictures are chosen: key frames until something shows, key frames alone, or always all."""

    AUTO = "auto"
    PATROL = "patrol"
    FOCUS = "focus"


class Hwaccel(StrEnum):
    """What decodes: the processor, whatever device there is, or the one named."""

    NONE = "none"
    AUTO = "auto"
    CUDA = "cuda"
    VAAPI = "vaapi"


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """
    How one camera's stream is read. Times in seconds.

    Attributes:
        transport: RTP transport for RTSP.

        open_timeout_s: longest wait for a stream to open; on-demand gateways need 3-10 s (domain.md 4.1).

        read_timeout_s: longest silence before a stream counts as lost.

        backoff_max_s: longest pause between attempts to reconnect.

        analysis_fps: frames a second handed to the detector in focus; more costs CPU, fewer confirm later.

        watch: whether key frames alone are decoded (decision 0011).

        patrol_interval_s: on patrol at most one key frame in so long is decoded.

        patrol_limit_s: with key frames further apart than this, `WatchPolicy.AUTO` stays in focus.

        look_px: longer side of the pictures handed out; smaller ones stay as they are. 0: never scaled.

        hwaccel: device that decodes; where it cannot, the processor does, and the status says so.

        ring_s: seconds of encoded packets kept for evidence; must hold pre-roll, confirmation time and post-roll.

        ring_max_bytes: upper bound of the ring's memory, whatever the bit rate.

        pace: for files only.

        loop: for files only: start again at the end, as a new epoch.
    """

    transport: Transport = Transport.TCP
    open_timeout_s: float = 10.0
    read_timeout_s: float = 10.0
    backoff_max_s: float = 30.0
    analysis_fps: float = 2.0
    watch: WatchPolicy = WatchPolicy.AUTO
    patrol_interval_s: float = 2.0
    patrol_limit_s: float = 5.0
    look_px: int = 0
    hwaccel: Hwaccel = Hwaccel.NONE
    ring_s: float = 45.0
    ring_max_bytes: int = 96 * 1024 * 1024
    pace: Pace = Pace.REALTIME
    loop: bool = False


@dataclass(frozen=True, slots=True)
class Camera:
    """One camera: its id, its name for people, where its stream is and how to read it."""

    id: CameraId
    name: str
    source: SourceUrl
    settings: StreamSettings = field(default_factory=StreamSettings)

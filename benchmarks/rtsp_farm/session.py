"""One RTSP connection (RFC 2326): a viewer asks, and gets the packets of the camera it named."""

import asyncio
import itertools
import re
import socket
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import unquote, urlsplit

from benchmarks.rtsp_farm.camera import FarmCamera, Fault
from benchmarks.rtsp_farm.rtp import PAYLOAD_TYPES
from benchmarks.rtsp_farm.units import CodedClip

BACKLOG_BYTES = 2 * 1024 * 1024
"""What may wait for a viewer that does not read, four seconds of a usual camera; then pictures are dropped up to a key
frame, as a camera does."""

LONG_GOP_S = 4.0
"""From here on a viewer begins in the middle of a group rather than wait for a key frame."""

_METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN"
_NAMES = {"h264": "H264", "h265": "H265", "mjpeg": "JPEG"}
_sessions = itertools.count(1)


class Cameras(Protocol):
    """Where a session finds the camera it is asked for."""

    def get(self, name: str, /) -> FarmCamera | None:
        """Return the camera of that name."""
        ...


def description(camera: FarmCamera) -> str:
    """Return a camera's session description (RFC 8866)."""
    clip: CodedClip = camera.broadcast.packed.clip
    kind = PAYLOAD_TYPES[clip.codec]
    lines = [
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        f"s={camera.name}",
        "c=IN IP4 0.0.0.0",
        "t=0 0",
        "a=control:*",
        "a=range:npt=now-",
        f"m=video 0 RTP/AVP {kind}",
        f"a=rtpmap:{kind} {_NAMES[clip.codec]}/90000",
        *([f"a=fmtp:{kind} {clip.format_parameters}"] if clip.format_parameters else []),
        f"a=framerate:{clip.fps:g}",
        "a=control:trackID=0",
    ]
    return "".join(f"{line}\r\n" for line in lines)


class Session(asyncio.Protocol):
    """A connection; as a viewer it waits for a key frame before it passes anything on."""

    def __init__(self, cameras: Cameras) -> None:
        self._cameras = cameras
        self._received = bytearray()
        self._camera: FarmCamera | None = None
        self._transport: asyncio.Transport | None = None
        self._id = f"{next(_sessions):08d}"
        self._waits_for_keyframe = True
        self._withholds = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("an RTSP session needs a stream transport")
        self._transport = transport
        # A key frame goes into the kernel in one piece; more would hide a viewer that does not read.
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 512 * 1024)
        transport.set_write_buffer_limits(high=4 * BACKLOG_BYTES)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (asyncio's signature)
        """Forget the viewer."""
        self._stop()
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Answer each whole request; receiver reports are read and passed over."""
        self._received += data
        while self._received:
            if self._received[0] == 0x24:
                end = 4 + int.from_bytes(self._received[2:4]) if len(self._received) >= 4 else len(self._received) + 1
                if len(self._received) < end:
                    return
                del self._received[:end]
                continue
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                return
            lines = self._received[:end].decode("utf-8", "replace").lstrip("\r\n").split("\r\n")
            headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
            whole = end + 4 + int(headers.get("content-length", 0))
            if len(self._received) < whole:
                return
            del self._received[:whole]
            method, _, rest = lines[0].partition(" ")
            self._answer(method, rest.split(" ")[0], headers)

    def send(self, blob: bytearray, *, is_keyframe: bool) -> None:
        """Send one picture's packets, or drop it where the viewer does not read."""
        camera, transport = self._camera, self._transport
        if camera is None or transport is None or transport.is_closing():
            return
        if self._waits_for_keyframe and not is_keyframe:
            camera.dropped += self._withholds
            return
        if transport.get_write_buffer_size() > BACKLOG_BYTES:
            camera.dropped += 1
            self._waits_for_keyframe = self._withholds = True
            return
        self._waits_for_keyframe = self._withholds = False
        transport.write(blob)
        camera.sent += 1
        camera.octets += len(blob)

    def report(self, blob: bytes) -> None:
        """Send a sender report."""
        if self._transport is not None and self._transport.get_write_buffer_size() <= BACKLOG_BYTES:
            self._transport.write(blob)

    def cut(self) -> None:
        """Close the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    @property
    def queued(self) -> int:
        """Bytes that wait for the viewer in this process."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    def begin_anew(self) -> None:
        """Wait for the next key frame."""
        self._waits_for_keyframe = True

    def _stop(self) -> None:
        if self._camera is not None:
            self._camera.leave(self)
            self._camera = None

    def _answer(self, method: str, url: str, headers: Mapping[str, str]) -> None:
        number = headers.get("cseq", "0")
        name = unquote(urlsplit(url).path).strip("/").split("/")[0]
        camera = self._cameras.get(name)
        if camera is not None and camera.fault is Fault.DOWN:
            self.cut()
        elif camera is not None and camera.fault is Fault.SILENT:
            return
        elif method == "OPTIONS":
            self._say(number, 200, {"Public": _METHODS})
        elif method not in _METHODS:
            self._say(number, 501)
        elif camera is None:
            self._say(number, 404)
        elif method == "DESCRIBE":
            fields = {"Content-Type": "application/sdp", "Content-Base": f"{url.rstrip('/')}/"}
            self._say(number, 200, fields, description(camera))
        elif method == "SETUP":
            self._set_up(number, headers.get("transport", ""))
        else:
            self._play(method, number, camera)

    def _set_up(self, number: str, transport: str) -> None:
        if "RTP/AVP/TCP" not in transport:
            self._say(number, 461)
            return
        channels = re.search(r"interleaved=(\d+)-(\d+)", transport)
        if channels is not None and channels.groups() != ("0", "1"):
            self._say(number, 461)
            return
        agreed = "RTP/AVP/TCP;unicast;interleaved=0-1"
        self._say(number, 200, {"Transport": agreed, "Session": f"{self._id};timeout=60"})

    def _play(self, method: str, number: str, camera: FarmCamera) -> None:
        session = {"Session": self._id}
        if method == "PLAY" and self._camera is None:
            self._say(number, 200, {**session, "Range": "npt=now-"})
            self._camera = camera
            self._waits_for_keyframe = camera.broadcast.packed.clip.gop_s < LONG_GOP_S
            camera.join(self)
            return
        if method in {"PAUSE", "TEARDOWN"}:
            self._stop()
        self._say(number, 200, session)
        if method == "TEARDOWN" and self._transport is not None:
            self._transport.close()

    def _say(self, number: str, status: int, fields: Mapping[str, str] | None = None, body: str = "") -> None:
        words = {200: "OK", 404: "Not Found", 461: "Unsupported Transport", 501: "Not Implemented"}
        lines = [f"RTSP/1.0 {status} {words[status]}", f"CSeq: {number}", "Server: farm"]
        lines += [f"{name}: {value}" for name, value in (fields or {}).items()]
        lines += [f"Content-Length: {len(body.encode())}"] if body else []
        if self._transport is not None:
            self._transport.write(("\r\n".join(lines) + "\r\n\r\n" + body).encode())

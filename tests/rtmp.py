"""An RTMP server as small as a test needs: it answers one player at a time and sends it an FLV's tags."""

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

from tests.streams.faults import flv_tags

STREAM = "cam"
_HANDSHAKE = 1536
_CHUNK = 4096
_SET_CHUNK_SIZE, _WINDOW_SIZE, _PEER_BANDWIDTH, _COMMAND = 1, 5, 6, 20
_HEADERS = {0: 11, 1: 7, 2: 3, 3: 0}
"""Bytes of a chunk's message header by its format."""


@dataclass
class _Message:
    """A message of a chunk stream while its chunks arrive."""

    kind: int = 0
    length: int = 0
    body: bytes = b""


@dataclass
class RtmpServer:
    """
    Serves the FLV `data` as ``live/cam``, tags as fast as they are read, then says so and ends the connection.

    With `says_goodbye` False it only ends it. `commands` are those that came.
    """

    data: bytes
    says_goodbye: bool = True
    commands: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._server.close()

    @property
    def url(self) -> str:
        """The stream's address."""
        return f"rtmp://127.0.0.1:{self._server.getsockname()[1]}/live/{STREAM}"

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                with connection, contextlib.suppress(OSError, EOFError):
                    self._serve(_Wire(connection))

    def _serve(self, wire: "_Wire") -> None:
        wire.shake_hands()
        for body in wire.commands():
            name, number = _text(body), struct.unpack(">d", body[len(_text(body)) + 4 :][:8])[0]
            self.commands.append(name)
            if name == "connect":
                wire.send(2, _WINDOW_SIZE, struct.pack(">I", 2_500_000))
                wire.send(2, _PEER_BANDWIDTH, struct.pack(">IB", 2_500_000, 2))
                wire.send(2, _SET_CHUNK_SIZE, struct.pack(">I", _CHUNK))
                status = {"level": "status", "code": "NetConnection.Connect.Success", "description": "ok"}
                wire.send(3, _COMMAND, _amf("_result", number, {"fmsVer": "FMS/3,0,1,123"}, status))
            elif name == "createStream":
                wire.send(3, _COMMAND, _amf("_result", number, None, 1.0))
            elif name == "play":
                self._play(wire, _text(body[len(name) + 3 + 9 + 1 :]))
                return

    def _play(self, wire: "_Wire", stream: str) -> None:
        if stream != STREAM:
            wire.tell("error", "NetStream.Play.StreamNotFound")
            return
        wire.tell("status", "NetStream.Play.Start")
        for tag in flv_tags(self.data):
            at_ms = int.from_bytes(tag[4:7]) | tag[7] << 24
            wire.send(6, tag[0], tag[11:-4], at_ms=at_ms, of_stream=1)
        if self.says_goodbye:
            wire.tell("status", "NetStream.Play.UnpublishNotify")


class _Wire:
    """The server's end of a connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._file = connection.makefile("rb")
        self._received: dict[int, _Message] = {}
        self._their_chunk = 128
        self._our_chunk = 128

    def shake_hands(self) -> None:
        """Take the client's version and block, send ours and an echo of its own, take the echo."""
        self._read(1)
        theirs = self._read(_HANDSHAKE)
        self._connection.sendall(b"\x03" + bytes(_HANDSHAKE) + theirs)
        self._read(_HANDSHAKE)

    def commands(self) -> Iterator[bytes]:
        """Yield the bodies of the client's commands."""
        while True:
            first = self._read(1)[0]
            message = self._received.setdefault(first & 0x3F, _Message())
            header = self._read(_HEADERS[first >> 6])
            if len(header) >= 7:
                message.length, message.kind = int.from_bytes(header[3:6]), header[6]
            message.body += self._read(min(self._their_chunk, message.length - len(message.body)))
            if len(message.body) < message.length:
                continue
            body, message.body = message.body, b""
            if message.kind == _SET_CHUNK_SIZE:
                self._their_chunk = int.from_bytes(body[:4])
            elif message.kind == _COMMAND:
                yield body

    def send(self, channel: int, kind: int, body: bytes, *, at_ms: int = 0, of_stream: int = 0) -> None:
        """Send a message in chunks."""
        header = min(at_ms, 0xFFFFFF).to_bytes(3) + len(body).to_bytes(3) + bytes([kind]) + struct.pack("<I", of_stream)
        extended = struct.pack(">I", at_ms) if at_ms >= 0xFFFFFF else b""
        chunks = [body[at : at + self._our_chunk] for at in range(0, len(body), self._our_chunk)]
        parts = [bytes([channel]) + header + extended + chunks[0]]
        parts += [bytes([0xC0 | channel]) + extended + chunk for chunk in chunks[1:]]
        self._connection.sendall(b"".join(parts))
        if kind == _SET_CHUNK_SIZE:
            self._our_chunk = int.from_bytes(body)

    def tell(self, level: str, code: str) -> None:
        """Send how the stream is."""
        status = {"level": level, "code": code, "description": code}
        self.send(5, _COMMAND, _amf("onStatus", 0.0, None, status), of_stream=1)

    def _read(self, count: int) -> bytes:
        data = self._file.read(count)
        if len(data) < count:
            raise EOFError
        return data


def _text(body: bytes) -> str:
    """Return the string with which an AMF0 body begins."""
    return body[3 : 3 + int.from_bytes(body[1:3])].decode()


def _amf(*values: object) -> bytes:
    """Return values in AMF0."""
    return b"".join(map(_value, values))


def _value(value: object) -> bytes:
    match value:
        case None:
            return b"\x05"
        case float():
            return b"\x00" + struct.pack(">d", value)
        case str():
            return b"\x02" + _short(value)
        case dict():
            return b"\x03" + b"".join(_short(key) + _value(one) for key, one in value.items()) + b"\x00\x00\x09"
    raise TypeError(type(value))


def _short(text: str) -> bytes:
    return len(text.encode()).to_bytes(2) + text.encode()

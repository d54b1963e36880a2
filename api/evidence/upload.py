"""
Upload: reads a body as a stream; packages and clips go straight to disk.

Nothing is held in memory but the small lead document; what is over the limit is refused while it arrives.
"""

import contextlib
import hashlib
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import structlog
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from api.contract.durable import why_not
from api.evidence.folder_vault import ABANDONED_S
from api.problems import Problem, too_large

log = structlog.get_logger(__name__)

LEAD_LIMIT = 288 * 1024
OVERHEAD = 64 * 1024
"""Bytes that boundaries and part headers may take."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A posted lead: its JSON, its package as a tar on disk, and the tar's SHA-256."""

    lead: bytes
    package: Path
    package_sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class ClipUpload:
    """A posted draft of zones: its JSON, and the uploaded clip on disk, if any."""

    draft: bytes
    clip: Path | None
    size: int


@dataclass(frozen=True, slots=True)
class FileUpload:
    """A body that is one file: where it is on disk, its SHA-256, its size in bytes."""

    path: Path
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class _Form:
    """A form of one text part, read into memory, and one file part."""

    text: str
    file: str
    needs_file: bool = True

    @property
    def expected(self) -> str:
        return f"the parts {self.text} and {self.file}" if self.needs_file else f"the part {self.text}"


_LEAD = _Form("lead", "package")
_DRAFT = _Form("draft", "clip", needs_file=False)


def clear_uploads(folder: Path) -> None:
    """Remove what killed processes left half received; called at the start, before anything is received."""
    for left_over in folder.glob("upload-*.tar"):
        if time.time() - left_over.stat().st_mtime > ABANDONED_S:
            left_over.unlink(missing_ok=True)


class _Parts:
    """Sorts the parts of one body: the text to memory, the file to disk, anything else refused."""

    def __init__(self, form: _Form, target: IO[bytes], limit: int) -> None:
        self.text = bytearray()
        self.size = 0
        self.digest = hashlib.sha256()
        self.seen: list[str] = []
        self.complete = False
        self._form = form
        self._target = target
        self._limit = limit
        self._header = bytearray()
        self._value = bytearray()
        self._disposition = b""

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        if bytes(self._header).lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def on_headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"").decode("utf-8", "replace")
        text, file = self._form.text, self._form.file
        if name not in {text, file} or name in self.seen:
            raise Problem(422, "invalid-input", f"expected one part {text} and one part {file}, found {name[:40]!r}")
        self.seen.append(name)
        self._disposition = b""

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self.seen[-1] == self._form.text:
            self.text += data[start:end]
            if len(self.text) > LEAD_LIMIT:
                raise too_large(self._form.text, LEAD_LIMIT)
            return
        piece = data[start:end]
        self.size += len(piece)
        if self.size > self._limit:
            raise too_large(self._form.file, self._limit)
        self.digest.update(piece)
        self._target.write(piece)

    def on_end(self) -> None:
        self.complete = True

    @property
    def holds_all(self) -> bool:
        """True once the form is complete and has what it needs."""
        wanted = {self._form.text, self._form.file} if self._form.needs_file else {self._form.text}
        return self.complete and wanted <= set(self.seen)


@contextlib.asynccontextmanager
async def receive_upload(request: Request, folder: Path, limit: int) -> AsyncIterator[Upload]:
    """
    Read a posted lead; its file is removed at the end.

    Args:
        request: the call.

        folder: where the package's file is put.

        limit: bytes that the package may have; more is answered 413.
    """
    async with _received(request, folder, limit, _LEAD) as (parts, file):
        yield Upload(bytes(parts.text), file, parts.digest.hexdigest(), parts.size)


@contextlib.asynccontextmanager
async def receive_clip(request: Request, folder: Path, limit: int) -> AsyncIterator[ClipUpload]:
    """Read a posted draft of zones with or without a clip, as `receive_upload` reads a lead."""
    async with _received(request, folder, limit, _DRAFT) as (parts, file):
        yield ClipUpload(bytes(parts.text), file if _DRAFT.file in parts.seen else None, parts.size)


@contextlib.asynccontextmanager
async def receive_body(request: Request, folder: Path, limit: int, what: str) -> AsyncIterator[FileUpload]:
    """Read a body that is one file, called `what` in answers, to disk; it is removed at the end."""
    form = _Form("", what)
    length = request.headers.get("content-length", "0")
    if length.isdigit() and int(length) > limit:
        raise too_large(what, limit)
    with _spool(folder, form) as file:
        size, digest = 0, hashlib.sha256()
        try:
            async for chunk in request.stream():
                size += len(chunk)
                if size > limit:
                    raise too_large(what, limit)
                digest.update(chunk)
                file.write(chunk)
            file.flush()
        except ClientDisconnect as fault:
            raise Problem(400, "broken-body", "the body ended before it was complete") from fault
        except OSError as fault:
            raise _not_now(folder, form, fault) from fault
        yield FileUpload(Path(file.name), digest.hexdigest(), size)


@contextlib.asynccontextmanager
async def _received(request: Request, folder: Path, limit: int, form: _Form) -> AsyncIterator[tuple[_Parts, Path]]:
    """Read a form; its file is removed at the end."""
    kind, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise Problem(415, "multipart-required", f"expected multipart/form-data with {form.expected}")
    length = request.headers.get("content-length", "0")
    if length.isdigit() and int(length) > limit + LEAD_LIMIT + OVERHEAD:
        raise too_large(form.file, limit)
    with _spool(folder, form) as file:
        parts = _Parts(form, file, limit)
        try:
            parser = MultipartParser(
                boundary,
                {
                    "on_header_field": parts.on_header_field,
                    "on_header_value": parts.on_header_value,
                    "on_header_end": parts.on_header_end,
                    "on_headers_finished": parts.on_headers_finished,
                    "on_part_data": parts.on_part_data,
                    "on_end": parts.on_end,
                },
            )
            async for chunk in request.stream():
                if chunk:
                    parser.write(chunk)
            parser.finalize()
            file.flush()
        except ClientDisconnect as fault:
            raise Problem(400, "broken-multipart", "the body ended before it was complete") from fault
        except OSError as fault:
            raise _not_now(folder, form, fault) from fault
        except FormParserError as fault:
            raise Problem(400, "broken-multipart", f"the body is not a complete multipart form: {fault}") from fault
        if not parts.holds_all:
            raise Problem(422, "invalid-input", f"expected {form.expected}, found {parts.seen}")
        yield parts, Path(file.name)


def _spool(folder: Path, form: _Form) -> "tempfile._TemporaryFileWrapper[bytes]":
    try:
        return tempfile.NamedTemporaryFile(dir=folder, prefix="upload-", suffix=".tar")
    except OSError as fault:
        raise _not_now(folder, form, fault) from fault


def _not_now(folder: Path, form: _Form, fault: OSError) -> Problem:
    """Return the answer of a disk that takes nothing."""
    log.error("upload cannot be written", folder=str(folder), error=why_not(folder, fault))
    return Problem(503, "store-unavailable", f"the {form.file} cannot be kept now; post it again later")

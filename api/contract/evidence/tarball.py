"""
The package as one file: plain uncompressed ustar, written byte for byte the same every time, read without trust.

The reader takes what ``tar`` writes for a flat folder (ustar or GNU header) and nothing else: no links, no devices, no
extension headers, no second file of the same name, no path but ``<folder>/<name>``. It never unpacks to disk.
"""

import io
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import BinaryIO, Self

from api.contract.evidence.package import (
    DEFAULT_LIMITS,
    FolderPackage,
    PackageError,
    PackageFiles,
    PackageLimits,
    check_limits,
)
from api.contract.trust.stamp import is_file_name

_BLOCK = 512
_CHUNK = 1 << 20
_MAX_PADDING = 64 << 10
"""``tar`` pads with zeros to 10 KiB, or to the block size it is given."""
_MAGICS = frozenset({b"ustar\x0000", b"ustar  \x00"})
_OCTAL = re.compile(rb" *([0-7]{1,11})[ \x00]*")
_FILE_TYPES = frozenset({b"0", b"\x00"})
_FOLDER_TYPE = b"5"


@dataclass(frozen=True, slots=True)
class _Entry:
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class _Header:
    folder: str
    name: str
    size: int


def tar_header(path: str, size: int, mode: int, mtime: int, kind: bytes) -> bytes:
    """Return the 512-byte ustar header of one entry: owner 0/0, no names."""
    header = bytearray(_BLOCK)

    def put(offset: int, data: bytes) -> None:
        header[offset : offset + len(data)] = data

    name = path.encode("ascii")
    if len(name) > 100:
        raise PackageError(f"{path} is too long for a plain tar entry")
    put(0, name)
    put(100, b"%07o\x00" % mode)
    put(108, b"%07o\x00" % 0)
    put(116, b"%07o\x00" % 0)
    put(124, b"%011o\x00" % size)
    put(136, b"%011o\x00" % mtime)
    put(148, b" " * 8)
    put(156, kind)
    put(257, b"ustar\x0000")
    put(148, b"%06o\x00 " % sum(header))
    return bytes(header)


def tar_chunks(folder: Path, mtime: int = 0) -> Iterator[bytes]:
    """
    Yield the tar of a package folder in pieces of at most 1 MiB; the same bytes for the same files and `mtime`.

    Entries are sorted by name, mode 0644 (0755 for ``.sh`` and the folder). Raises `PackageError` for a folder that
    holds anything but plain files, or a file that changes its size meanwhile.
    """
    with FolderPackage(folder) as package:
        if package.strangers:
            raise PackageError(f"{folder} holds {package.strangers[0]!r}, which no package may hold")
        yield tar_header(f"{package.folder}/", 0, 0o755, mtime, _FOLDER_TYPE)
        for name in sorted(package.sizes):
            size = package.sizes[name]
            mode = 0o755 if name.endswith(".sh") else 0o644
            yield tar_header(f"{package.folder}/{name}", size, mode, mtime, b"0")
            written = 0
            with package.open(name) as stream:
                while chunk := stream.read(_CHUNK):
                    written += len(chunk)
                    yield chunk
            if written != size:
                raise PackageError(f"{name} changed while it was read")
            yield b"\x00" * (-size % _BLOCK)
        yield b"\x00" * (2 * _BLOCK)


def most_tar_bytes(limits: PackageLimits = DEFAULT_LIMITS) -> int:
    """Return the size of the largest tar that holds a package within `limits`, padded as far as the reader allows."""
    entries = 1 + limits.max_files
    return limits.max_total_bytes + entries * 2 * _BLOCK + _MAX_PADDING


def write_tar(folder: Path, target: BinaryIO, mtime: int = 0) -> None:
    """Write the tar of a package folder into `target`; see `tar_chunks`."""
    target.writelines(tar_chunks(folder, mtime))


class _Slice(io.RawIOBase):
    """A read-only window on a seekable stream."""

    def __init__(self, stream: BinaryIO, entry: _Entry) -> None:
        super().__init__()
        self._stream = stream
        self._entry = entry
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._entry.size}[whence]
        self._position = max(0, start + offset)
        return self._position

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        wanted = min(len(buffer), max(0, self._entry.size - self._position))
        self._stream.seek(self._entry.offset + self._position)
        data = self._stream.read(wanted)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


class TarPackage:
    """A package in a seekable tar stream; see `PackageFiles`. Only headers are read at first. Not thread-safe."""

    def __init__(self, stream: BinaryIO, folder: str, entries: Mapping[str, _Entry]) -> None:
        self._stream = stream
        self._entries = entries
        self.folder = folder
        self.sizes: Mapping[str, int] = MappingProxyType({name: entry.size for name, entry in entries.items()})
        self.strangers: tuple[str, ...] = ()

    def open(self, name: str) -> BinaryIO:
        """Open one of `sizes` for reading."""
        if name not in self._entries:
            raise PackageError(f"the package has no file {name!r}")
        return io.BufferedReader(_Slice(self._stream, self._entries[name]), _CHUNK)

    def offset(self, name: str) -> int:
        """Return the offset of the file's first byte in the tar, to serve a byte range without unpacking."""
        return self._entries[name].offset

    def close(self) -> None:
        """Close the tar's stream."""
        self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_package(stream: BinaryIO, limits: PackageLimits = DEFAULT_LIMITS) -> TarPackage:
    """
    Return the package in a seekable tar `stream`; raise `PackageError` for anything but a plain tar of one flat folder.

    Nothing is unpacked; `stream` must stay open as long as the package is read.
    """
    end = stream.seek(0, os.SEEK_END)
    folder = ""
    entries: dict[str, _Entry] = {}
    position = 0
    folders = 0
    while any(header := _block(stream, position)):
        position += _BLOCK
        entry = _parse_header(header)
        folder = folder or entry.folder
        if entry.folder != folder:
            raise PackageError(f"the tar must hold one folder, found {folder!r} and {entry.folder!r}")
        if not entry.name:
            folders += 1
            _check_count(len(entries) + folders - 1, limits)  # `tar` writes the folder once; again, it counts as a file
            continue
        if entry.name in entries:
            raise PackageError(f"the tar holds {entry.name} twice")
        if position + entry.size > end:
            raise PackageError(f"the tar is cut off inside {entry.name}")
        entries[entry.name] = _Entry(position, entry.size)
        _check_count(len(entries) + max(0, folders - 1), limits)
        position += entry.size
        _check_zeros(stream, position, -entry.size % _BLOCK)
        position += -entry.size % _BLOCK
    if end - position > _MAX_PADDING:
        raise PackageError("the tar holds data behind its end")
    _check_zeros(stream, position, end - position)
    if not entries:
        raise PackageError("the tar holds no file")
    package = TarPackage(stream, folder, MappingProxyType(entries))
    check_limits(package.sizes, limits)
    return package


def _check_count(count: int, limits: PackageLimits) -> None:
    if count > limits.max_files:
        raise PackageError(f"the package holds more than {limits.max_files} files")


def _block(stream: BinaryIO, position: int) -> bytes:
    stream.seek(position)
    block = stream.read(_BLOCK)
    if len(block) < _BLOCK:
        raise PackageError("not a tar, or cut off before its end")
    return block


def _parse_header(header: bytes) -> _Header:
    """Return the content of one header; the folder's own entry has an empty name."""
    if header[257:265] not in _MAGICS:
        raise PackageError("not a plain tar: no ustar header where one must be")
    if header[148:156] != b"%06o\x00 " % (sum(header[:148]) + 8 * 0x20 + sum(header[156:])):
        raise PackageError("the tar's header checksum is wrong")
    if header[257:265] == b"ustar\x0000" and any(header[345:500]):
        raise PackageError("the tar's paths are too long for a package")
    path = header[:100].rstrip(b"\x00").decode("ascii", "replace")
    size, kind = _octal(header[124:136]), header[156:157]
    folder, _, name = path.removeprefix("./").partition("/")
    if not is_file_name(folder):
        raise PackageError(f"the tar's entry {path!r} is not <folder>/<name>")
    if kind == _FOLDER_TYPE and not name and size == 0:
        return _Header(folder, "", 0)
    if kind not in _FILE_TYPES:
        raise PackageError(f"the tar's entry {path!r} is not a plain file (type {kind!r})")
    if not is_file_name(name):
        raise PackageError(f"the tar's entry {path!r} is not <folder>/<name>")
    return _Header(folder, name, size)


def _octal(field: bytes) -> int:
    match = _OCTAL.fullmatch(field)
    if match is None:
        raise PackageError(f"the tar's header holds {field!r} where an octal number must be")
    return int(match.group(1), 8)


def _check_zeros(stream: BinaryIO, position: int, count: int) -> None:
    """Refuse anything hidden where only padding belongs."""
    stream.seek(position)
    if any(stream.read(count)):
        raise PackageError("the tar holds data that belongs to no file")


def open_package(path: Path, limits: PackageLimits = DEFAULT_LIMITS) -> PackageFiles:
    """Return the package at `path`, a folder or a tar; the caller closes it. Raises `PackageError`."""
    if path.is_dir():
        return FolderPackage(path, limits)
    try:
        stream = path.open("rb")
    except OSError as error:
        raise PackageError(f"{path} cannot be read: {error.strerror}") from error
    try:
        return read_package(stream, limits)
    except PackageError:
        stream.close()
        raise

"""Ranges: which bytes of a file a call asks for, and whether it has them already (RFC 9110, 13.1 and 14)."""

import re
from dataclasses import dataclass

from fastapi import Request

from api.problems import Problem

_RANGE = re.compile(r"^bytes=(\d{0,15})-(\d{0,15})$")


@dataclass(frozen=True, slots=True)
class Served:
    """
    How a call for a file of evidence is answered.

    Attributes:
        status: 200, 206 for a range, 304 where the caller has the bytes already.

        headers: of the answer.

        start, end: of the bytes that go out; both 0 with 304.
    """

    status: int
    headers: dict[str, str]
    start: int = 0
    end: int = 0


def served(request: Request, size: int, etag: str, disposition: str) -> Served:
    """Return the answer to a call for a file of `size` bytes; it is shown in no page, and raises as `byte_range`."""
    headers = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Content-Disposition": disposition,
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    if is_known(request, etag):
        return Served(304, headers)
    asked = byte_range(request, size, etag)
    start, end = asked or (0, size)
    headers["Content-Length"] = str(end - start)
    if asked is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return Served(200 if asked is None else 206, headers, start, end)


def is_known(request: Request, etag: str) -> bool:
    """True when the caller has these bytes already (RFC 9110, 13.1.2)."""
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    return etag in known or "*" in known


def byte_range(request: Request, size: int, etag: str) -> tuple[int, int] | None:
    """
    Return start and end of the requested bytes, ``None`` for the whole file (RFC 9110, 14).

    Answers 416 for a range outside the file. Several ranges, another unit, or a range of other bytes than these
    (``If-Range``, which a date never fits) are answered with the whole file.
    """
    text = request.headers.get("range")
    if text is None or request.headers.get("if-range", etag) != etag:
        return None
    match = _RANGE.match(text)
    if match is None or match[0] == "bytes=-":
        return None
    first, last = match.groups()
    if first and last and int(last) < int(first):
        return None  # not a valid range, which counts as none (RFC 9110, 14.2)
    if first:
        start, end = int(first), min(size, int(last) + 1) if last else size
    else:
        start, end = max(0, size - int(last)), size
    if start >= size or start >= end:
        raise Problem(
            416,
            "range-outside",
            f"the file has {size} bytes, asked for {text}",
            headers={"Content-Range": f"bytes */{size}"},
        )
    return start, end

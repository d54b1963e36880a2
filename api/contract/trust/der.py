"""
DER, as much of it as time-stamps need (X.690): elements of a definite, shortest length; anything else is refused.

    DerError    not DER, or not the element that must stand here (a StampError)

Why our own: OpenSSL's time-stamp authority writes several certificates as a set that is not sorted, which strict
libraries refuse whole (domain.md 5.4). Here an element keeps the bytes that it was read from, sorted or not.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from api.contract.trust.stamp import StampError

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
OCTETS: Final = 0x04
NULL: Final = 0x05
OID: Final = 0x06
UTF8: Final = 0x0C
TIME: Final = 0x18
SEQUENCE: Final = 0x30
SET: Final = 0x31
"""Tags of the universal class as they stand in the first byte."""

_TIME = re.compile(r"(\d{14})(?:\.(\d{0,8}[1-9]))?Z")


class DerError(StampError):
    """Bytes that are not DER, or not the element that must stand here."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its tag byte, its content, and all bytes that it was read from."""

    tag: int
    content: bytes
    encoded: bytes

    def children(self) -> "Reader":
        """Return a reader of the elements inside."""
        return Reader(self.content)


class Reader:
    """The elements of a constructed one, taken one after another; optional ones are asked for by tag."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, *tags: int) -> Element:
        """Return the next element, which must have one of `tags` (any, without them); raise `DerError`."""
        element = _read(self._data, self._at)
        if tags and element.tag not in tags:
            wanted = " or ".join(f"0x{tag:02x}" for tag in tags)
            raise DerError(f"expected the tag {wanted}, found 0x{element.tag:02x}")
        self._at += len(element.encoded)
        return element

    def take_if(self, *tags: int) -> Element | None:
        """Return the next element if it has one of `tags`; else ``None``, and nothing is taken."""
        if self._at < len(self._data) and self._data[self._at] in tags:
            return self.take()
        return None

    def rest(self) -> Iterator[Element]:
        """Take and yield all that is left."""
        while self._at < len(self._data):
            yield self.take()

    def end(self) -> None:
        """Raise `DerError` unless everything has been taken."""
        if self._at != len(self._data):
            raise DerError(f"{len(self._data) - self._at} bytes follow where none belong")


def read_der(data: bytes, tag: int) -> Element:
    """Return the one element in `data`; raise `DerError` for another tag or for anything behind it."""
    reader = Reader(data)
    element = reader.take(tag)
    reader.end()
    return element


def _read(data: bytes, at: int) -> Element:
    if at + 2 > len(data):
        raise DerError("cut off where an element must begin")
    tag, first = data[at], data[at + 1]
    if tag & 0x1F == 0x1F:
        raise DerError("a tag of several bytes, which time-stamps do not have")
    start, length = at + 2, first
    if first & 0x80:
        count = first & 0x7F
        if not 1 <= count <= 4:
            raise DerError("a length that is not definite, or beyond 4 GiB")
        start += count
        length = int.from_bytes(data[at + 2 : start], "big")
        if start > len(data) or length < 0x80 or length >> (8 * (count - 1)) == 0:
            raise DerError("a length that is cut off, or not the shortest")
    if start + length > len(data):
        raise DerError("an element that is cut off")
    return Element(tag, data[start : start + length], data[at : start + length])


def encode(tag: int, *parts: bytes) -> bytes:
    """Return an element with the joined `parts` as its content."""
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def encode_set(*members: bytes) -> bytes:
    """Return the SET OF `members`, sorted as DER wants it."""
    return encode(SET, *sorted(members))


def encode_int(value: int) -> bytes:
    """Return an INTEGER."""
    return encode(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def read_int(element: Element) -> int:
    """Return an INTEGER's value; raise `DerError` unless it is the shortest form."""
    if element.tag != INTEGER or not element.content or encode_int(value := _signed(element)) != element.encoded:
        raise DerError("not an INTEGER in its shortest form")
    return value


def _signed(element: Element) -> int:
    return int.from_bytes(element.content, "big", signed=True)


def encode_oid(dotted: str) -> bytes:
    """Return an OBJECT IDENTIFIER."""
    first, second, *others = (int(arc) for arc in dotted.split("."))
    content = b""
    for arc in (first * 40 + second, *others):
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(0x80 | arc & 0x7F)
        content += bytes(reversed(septets))
    return encode(OID, content)


def read_oid(element: Element) -> str:
    """Return an OBJECT IDENTIFIER as dotted numbers; raise `DerError`."""
    if element.tag != OID or not element.content or element.content[-1] & 0x80:
        raise DerError("not an OBJECT IDENTIFIER")
    arcs, arc = [], 0
    for byte in element.content:
        arc = arc << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(str(each) for each in (first, arcs[0] - 40 * first, *arcs[1:]))


def encode_time(moment: datetime) -> bytes:
    """Return an aware `moment` as GeneralizedTime in UTC, down to the microsecond, without trailing zeros."""
    utc = moment.astimezone(UTC)
    fraction = f".{utc.microsecond:06d}".rstrip("0").rstrip(".")
    return encode(TIME, f"{utc:%Y%m%d%H%M%S}{fraction}Z".encode("ascii"))


def read_time(element: Element) -> datetime:
    """Return a GeneralizedTime of RFC 3161 (UTC, seconds and perhaps a fraction), to the microsecond."""
    match = _TIME.fullmatch(element.content.decode("ascii", "replace")) if element.tag == TIME else None
    if match is None:
        raise DerError("not a GeneralizedTime in UTC")
    try:
        moment = datetime.strptime(match[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise DerError("not a time of the calendar") from error
    return moment + timedelta(microseconds=int((match[2] or "0").ljust(6, "0")[:6]))

"""
Source: which addresses and paths a camera can have, the same for the API and a worker's configuration.

    SourceError     a worker could not read it; the message repeats nothing of it
"""

import re

from api.contract.fields import ADDRESS_MOST, one_line

SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "http", "https", "udp")
"""Schemes of network streams that workers read: `streams.camera` has the same, and FFmpeg as PyAV brings it."""

NO_STREAM = f"must be the address of a network stream ({', '.join(SCHEMES)})"

_STREAM = re.compile(rf"(?:{'|'.join(SCHEMES)})://[^/\s]", re.IGNORECASE)
_SCHEME = re.compile(r"[^/]*://")


class SourceError(ValueError):
    """No worker could read it."""


def checked_stream(source: str) -> str:
    """
    Return the address of a network stream as it is; raise `SourceError` for anything else.

    It goes into the requests of other protocols as it stands, so it holds neither control characters nor white space.
    """
    if _STREAM.match(source) is None:
        raise SourceError(NO_STREAM)
    if one_line(source, ADDRESS_MOST) != source or any(each.isspace() for each in source):
        raise SourceError(f"holds a blank or a control character, or more than {ADDRESS_MOST} characters")
    return source


def checked_source(source: str) -> str:
    """Return the address of a network stream or the path of a file as it is; raise `SourceError` for anything else."""
    if _SCHEME.match(source) and not source.startswith("file://"):
        return checked_stream(source)
    if not source or one_line(source, ADDRESS_MOST) != source:
        raise SourceError(f"is empty, or holds a control character or more than {ADDRESS_MOST} characters")
    return source

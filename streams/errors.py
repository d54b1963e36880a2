"""
What can go wrong with a stream.

::

    StreamError
    +-- SourceUnavailable       could not be opened; trying again may help
    |   +-- AccessDenied        the server wants other credentials
    +-- SourceLost              was open and delivers no more
    +-- NotAVideo               opened, but holds no video that can be read
    +-- ClipError               packets that cannot be written as a clip

Every message names the source without its credentials. FFmpeg's own errors carry the full address, so none of these is
raised ``from`` one: a logged traceback would print the password.
"""


class StreamError(Exception):
    """A stream cannot be read or written."""


class SourceUnavailable(StreamError):  # noqa: N818 - says what happened
    """The source could not be opened; trying again may help."""


class AccessDenied(SourceUnavailable):
    """The server refused the credentials, or wants some."""


class SourceLost(StreamError):  # noqa: N818 - says what happened
    """The source was open and delivers no more."""


class NotAVideo(StreamError):  # noqa: N818 - says what happened
    """The source was opened but holds no video that can be read."""


class ClipError(StreamError):
    """The packets cannot be written as a clip."""

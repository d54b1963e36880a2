"""
The pace of streams that have none of their own: files, and HLS, which delivers ten seconds of pictures at once.

Everything here is arithmetic on the times that it is given.
"""

from streams.timing.ticks import FILE_GAP_MAX_S, REORDER_S

HURRY = 1.05
"""Speed at which a burst is played out: what is owed shrinks, and the next segment is waited for, not overtaken."""

CATCH_UP_S = 20.0
"""A stream that is further behind than this (two long segments) is no longer held."""

LEAP_S = 5.0
"""Decoding times that move further at once are a jump, not a pause to be made."""

_CREDIT_S = 0.25
"""Lateness that is made up at once: pauses end a little late on a busy machine, and a hundred of them would add up."""

_WAIT_S = 0.5
"""A read that takes this long has waited for the server: all that was there has been read."""


class BurstPace:
    """
    Says how long each packet of one stream is to be held so that a burst is spread over its own duration.

    The first packet leaves at once. A stream that is more than `CATCH_UP_S` further behind than it was at best is not
    held until it has made that up or has read all that the server has.
    """

    def __init__(self) -> None:
        self._media_s: float | None = None
        self._due = 0.0
        self._least_s = 0.0
        self._catches_up = False

    def pause_s(self, media_s: float, now: float, *, waited_s: float) -> float:
        """
        Return the seconds to hold the packet of decoding time `media_s`, read at `now` (monotonic).

        `waited_s` is how long its read took.
        """
        before, self._media_s = self._media_s, media_s
        if before is None or not 0 <= media_s - before <= LEAP_S:
            self._due, self._least_s, self._catches_up = now, now - media_s, False
            return 0.0
        self._due = max(now - _CREDIT_S, self._due + (media_s - before) / HURRY)
        behind_s = now - media_s - self._least_s
        if self._catches_up and (behind_s <= 0 or waited_s > _WAIT_S):
            self._catches_up = False
            self._least_s = now - media_s
        elif behind_s > CATCH_UP_S:
            self._catches_up = True
        self._least_s = min(self._least_s, now - media_s)
        if self._catches_up:
            self._due = now
        return max(0.0, self._due - now)


class FilePace:
    """
    Says how long each packet of a file is to be held so that the file is read at its own speed.

    Times that have jumped are not waited for: recorders' files leap by hours where they begin and end.
    """

    def __init__(self) -> None:
        self._media_s: float | None = None
        self._start = 0.0

    def pause_s(self, media_s: float | None, length_s: float, now: float) -> float:
        """
        Return the seconds to hold the packet of decoding time `media_s`, read at `now` (monotonic).

        A packet without a time follows the one before by its length, `length_s`.
        """
        before = self._media_s
        if media_s is None:
            media_s = 0.0 if before is None else before + length_s
        self._media_s = media_s
        if before is None:
            self._start = now - media_s
        elif not -REORDER_S < media_s - before <= FILE_GAP_MAX_S:
            self._start += before + length_s - media_s
        return max(0.0, self._start + media_s - now)

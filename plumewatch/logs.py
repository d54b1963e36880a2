"""How the programs log: plain words and fields; coloured lines at a terminal, JSON lines anywhere else."""

import logging
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock
from typing import TextIO

import structlog

FAULT_PERIOD_S = 1.0
"""A fault that repeats is told once in this time, with how often it happened since it was last told."""

_FAULTS = frozenset({"warning", "warn", "error", "exception", "critical"})
_ABOUT = ("camera", "lead", "task", "node", "member")
"""Fields that tell one fault from another of the same words; the other fields may differ at each repetition."""
_REMEMBERED = 2048
_LONGEST = 8000
"""Characters of one field; a traceback of three chained faults has fewer."""
_DEEPEST = 3


class RepeatedFaults:
    """
    A structlog processor for all long-lived loops of the API and of workers: drops what repeats, and counts it.

    Warnings and errors with the same words about the same camera, lead, task or node pass once in `FAULT_PERIOD_S`; the
    next one that passes says in ``repeated`` how many were held back since. Everything else passes.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = Lock()
        self._told: OrderedDict[tuple[object, ...], tuple[float, int]] = OrderedDict()

    def __call__(
        self, _: structlog.typing.WrappedLogger, method: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        """Return the event, with its count where some were held back; raise `structlog.DropEvent` to hold it back."""
        if method not in _FAULTS:
            return event
        key = (event.get("event"), *(str(event.get(field, "")) for field in _ABOUT))
        now = self._monotonic()
        with self._lock:
            told, held = self._told.pop(key, (float("-inf"), 0))
            is_repeated = now - told < FAULT_PERIOD_S
            self._told[key] = (told, held + 1) if is_repeated else (now, 0)
            while len(self._told) > _REMEMBERED:
                self._told.popitem(last=False)
        if is_repeated:
            raise structlog.DropEvent
        return {**event, "repeated": held} if held else event


def short_values(
    _: structlog.typing.WrappedLogger, __: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Return the event without what no log is for: bytes are told by their number, arrays too, long text is cut."""
    return {field: value if field == "exc_info" else _short(value) for field, value in event.items()}


def _short(value: object, depth: int = 0) -> object:
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    if isinstance(value, str) and len(value) > _LONGEST:
        return f"{value[: _LONGEST // 2]} ... {value[-_LONGEST // 2 :]} <{len(value)} characters>"
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"<array of {value.shape}>"
    if depth < _DEEPEST and isinstance(value, Mapping):
        return {key: _short(each, depth + 1) for key, each in value.items()}
    if depth < _DEEPEST and isinstance(value, list | tuple | set | frozenset):
        return [_short(each, depth + 1) for each in value]
    return value


class Lines:
    """
    Writes log lines for all threads; the logger and one of the processors of structlog.

    A line that the disk does not take (a full one, or a reader that went away) is no fault of whoever told it: a loop
    that must go on would end by its own warning that the disk is full. It is counted, and the next one that is written
    says in ``unwritten`` how many could not be when they were told.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = Lock()
        self._unwritten = 0

    def __call__(
        self, _: structlog.typing.WrappedLogger, __: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        """Return the event, with the count of the lines before it that could not be written, where there are any."""
        with self._lock:
            return {**event, "unwritten": self._unwritten} if self._unwritten else event

    def msg(self, line: str) -> None:
        """Write a line, or count it."""
        with self._lock:
            try:
                self._stream.write(line + "\n")
                self._stream.flush()
            except OSError:
                self._unwritten += 1
            else:
                self._unwritten = 0

    debug = info = warning = error = critical = msg


def configure(*, quiet: bool = False) -> None:
    """
    Set up structlog and the standard library's loggers of our dependencies, all to standard error.

    With `quiet` only warnings are told: for commands whose answer is what they print.
    """
    at_terminal = sys.stderr.isatty()
    lines = Lines(sys.stderr)
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)  # rich would show variables
        if at_terminal
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            RepeatedFaults(),
            lines,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            *([] if at_terminal else [structlog.processors.format_exc_info]),
            short_values,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING if quiet else logging.INFO),
        logger_factory=lambda *_: lines,
    )
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s", stream=sys.stderr)

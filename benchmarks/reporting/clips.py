"""The report's part about rendered scenes: what happened, what was reported, what other deciders would have done."""

from collections.abc import Iterable
from html import escape

from benchmarks.accuracy.deciders import SHIPPED
from benchmarks.accuracy.result import ClipFigures, DeciderRow, SequenceFigures
from benchmarks.accuracy.text import rate, share
from benchmarks.reporting.words import duration, section

_BRACKETS = (
    "In brackets 95 % intervals: Wilson for shares, exact Poisson for leads an hour. Time to confirmation: median, "
    "least and most. In bold what is shipped."
)


def clip_parts(one: SequenceFigures) -> list[str]:
    """Return the markup."""
    clips = [_row(_clip_cells(name, clip)) for name, clip in one.clips.items()]
    return [
        section(
            "Rendered scenes",
            f"{duration(one.seconds)} watched at {one.analysis_fps:g} pictures a second, as the worker does; "
            f"{duration(one.quiet_s)} of it with nothing to report. Reported by the shipped rule at its threshold of "
            f"{one.shipped_threshold:g}.",
        ),
        _table(("scene", "what happens", "reported"), clips),
        "<details><summary>Other ways to decide, at other thresholds</summary>",
        _table(
            ("decider", "threshold", "events reported", "to confirmation", "false leads an hour"),
            [_row(cells, is_marked=is_shipped) for cells, is_shipped in _decider_rows(one)],
        ),
        f'<p class="soft">{_BRACKETS}</p></details>',
    ]


def shipped_row(one: SequenceFigures) -> DeciderRow | None:
    """Return the figures of the shipped rule at its threshold."""
    rows = (row for decider in one.deciders if decider.name == SHIPPED.name for row in decider.rows)
    return next((row for row in rows if row.threshold == one.shipped_threshold), None)


def _decider_rows(one: SequenceFigures) -> Iterable[tuple[tuple[str, ...], bool]]:
    for decider in one.deciders:
        for row in decider.rows:
            delay = row.confirm_s
            took = "-" if delay is None else f"{delay.median:.1f} s ({delay.least:.1f} to {delay.most:.1f})"
            cells = (decider.name, f"{row.threshold:.2f}", share(row.event_recall), took, rate(row.false_leads))
            yield tuple(escape(cell) for cell in cells), row is shipped_row(one)


def _clip_cells(name: str, clip: ClipFigures) -> tuple[str, str, str]:
    events = "; ".join(f"{' and '.join(event.classes)} from {event.start_s:g} s" for event in clip.events)
    told = []
    for number, event in enumerate(clip.events):
        at = [lead.confirmed_s for lead in clip.leads if lead.event == number]
        told.append(_tone("good-text", f"after {min(at) - event.start_s:.1f} s") if at else _tone("bad-text", "missed"))
    for lead in clip.leads:
        if lead.event is None:
            words = f"{lead.class_name} at {lead.confirmed_s:.1f} s"
            told.append(_tone("bad-text", f"{words}, false"))
    return escape(name), escape(events or "nothing"), ", ".join(told) or "nothing"


def _tone(tone: str, words: str) -> str:
    return f'<span class="{tone}">{escape(words)}</span>'


def _row(cells: Iterable[str], *, is_marked: bool = False) -> str:
    tone = ' class="shipped"' if is_marked else ""
    return f"<tr{tone}>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _table(titles: Iterable[str], rows: Iterable[str]) -> str:
    head = "".join(f"<th>{title}</th>" for title in titles)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'

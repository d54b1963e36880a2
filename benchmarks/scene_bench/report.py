"""The scenes report: a result as one HTML file with tables and plots; it holds no pictures and can be published."""

from collections.abc import Iterable, Sequence
from html import escape

from benchmarks.accuracy.deciders import SHIPPED
from benchmarks.accuracy.figures import Share
from benchmarks.accuracy.result import SequenceFigures
from benchmarks.accuracy.text import share
from benchmarks.reporting.plots import Bar, Dot, Line, bar_plot, line_plot
from benchmarks.reporting.style import style
from benchmarks.reporting.words import card, figure, interval, percent, section
from benchmarks.scene_bench.result import FaultFigures, OpacityFigures, ScenesResult, SplitEvents, SplitOpacity
from benchmarks.scene_bench.text import per_day, seconds

_TONES = {"black": "plain", "grey": "smoke", "white": "good", "yellow": "mark"}
_LEGEND = "black plumes dull, grey blue, white green, yellow amber"
_SYNTHETIC = (
    "All scenes are rendered, none is filmed: what holds here is no proof for a street. On the develop scenes "
    "confirmation and thresholds may have been fitted; held-out scenes show other places, seeds and sizes and are only "
    "scored."
)


def scenes_html(result: ScenesResult) -> str:
    """Return the page."""
    parts = [*_head(result), '<section class="cards">', *_cards(result), "</section>"]
    for events in result.events:
        parts += _events(events)
    for opacity in result.opacity:
        parts += _opacity(opacity)
    for sequence in result.sequences:
        parts += _mistakes(sequence)
    return "".join([*parts, _foot(), "</main></body></html>\n"])


def _head(result: ScenesResult) -> Iterable[str]:
    model, runtime, machine = result.model, result.runtime, result.machine
    facts = {
        "model": f"{model.name} {model.version}",
        "run-time": f"{runtime.engine} {runtime.version.partition('-')[0]}, {runtime.precision}",
        "plumewatch": result.plumewatch,
        "code": "no checkout" if result.code is None else result.code.commit[:12] + ", changed" * result.code.is_dirty,
        "machine": f"{machine.processor}, {machine.cores} cores, load {machine.load_average:g}",
        "rendered in": f"{result.timings.rendering_cpu_s:.0f} s of processor time",
    }
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Plumewatch: scenes</title>'
    yield f"{style()}</head><body><main>"
    yield '<header><p class="kicker">青目 Plumewatch, scenes</p><h1>Rendered scenes</h1><ul class="facts">'
    yield from (f"<li>{name} <b>{escape(value)}</b></li>" for name, value in facts.items())
    yield f'</ul><p class="soft">{_SYNTHETIC}</p></header>'


def _cards(result: ScenesResult) -> Iterable[str]:
    for events in result.events:
        row = next(row for row in events.confirmations if row.decider == SHIPPED.name)
        took = f"median {seconds(row.confirm_median_s)}, 90 % within {seconds(row.confirm_p90_s)}"
        yield card(
            f"{row.event_recall.hits} of {row.event_recall.count}",
            f"events reported, {events.name}",
            f"{interval(row.event_recall)}; {took}",
        )
        yield card(
            str(row.false_leads.count), f"false leads, {events.name}", f"a camera-day: {per_day(row.false_leads)}"
        )
    for opacity in result.opacity:
        group = opacity.groups["all"]
        error = "-" if group.mean_error.value is None else f"{group.mean_error.value * 100:.1f}"
        worst = "-" if group.worst_error is None else f"{group.worst_error * 100:.1f}"
        yield card(
            error,
            f"points mean error of opacity, {opacity.name}",
            f"worst {worst}; {group.numbers} of {group.cases} plumes read, the others refused",
        )


def _events(one: SplitEvents) -> list[str]:
    rows = [
        (
            row.decider,
            share(row.event_recall),
            seconds(row.confirm_median_s),
            seconds(row.confirm_p90_s),
            per_day(row.false_leads),
        )
        for row in one.confirmations
    ]
    families = [_bar(name, each, "good") for name, each in one.families.items()]
    looks = [_bar(name, each.scenes_with_false_leads, "bad") for name, each in one.look_alikes.items()]
    parts = [
        section(
            f"Events, {one.name}",
            "Every way to decide sees the same boxes at the shipped threshold. False leads are extrapolated to a "
            "camera that sees nothing but such scenes all day: a look-alike always in view.",
        ),
        _table(("decider", "events reported", "median", "90 %", "false leads a camera-day"), rows),
        '<div class="two">',
        *([figure("Events reported, by family", bar_plot(families, "recall by family"))] if families else []),
        *([figure("Scenes with a false lead, by look-alike", bar_plot(looks, "look-alikes"))] if looks else []),
        "</div>",
    ]
    return parts if one.faults is None else [*parts, *_faults(one.name, one.faults)]


def _bar(name: str, one: Share, tone: str) -> Bar:
    return Bar(name, f"{one.hits} of {one.count}", one.value, one.low, one.high, tone)


def _faults(name: str, faults: FaultFigures) -> Iterable[str]:
    rows = [
        (
            scene,
            fault.kind,
            "never" if fault.told_s is None else f"after {fault.told_s:.1f} s as {fault.told_as}",
            str(fault.leads),
        )
        for scene, fault in faults.faults.items()
    ]
    yield section(
        f"Faults of the camera, {name}",
        f"{faults.told.hits} of {faults.told.count} told within 60 s, {faults.named.hits} by their name; leads after "
        f"the fault in {faults.scenes_with_leads.hits} scenes.",
    )
    yield _table(("scene", "fault", "told", "leads after it"), rows)
    if faults.false_faults:
        told = "; ".join(f"{scene}: {', '.join(kinds)}" for scene, kinds in faults.false_faults.items())
        yield f'<p class="bad-text">Told of sound cameras: {escape(told)}</p>'


def _opacity(one: SplitOpacity) -> list[str]:
    dots = [
        Dot(_TONES[case.colour], case.true, min(max(case.opacity, 0.0), 1.0))
        for case in one.cases
        if case.opacity is not None
    ]
    ideal = [Line("right", "plain", ((0.0, 0.0), (1.0, 1.0)))]
    return [
        section(
            f"Opacity, {one.name}",
            "Read above the outlet from H.264 at 2 and 4 Mbit/s, in percentage points. A reading that cannot be "
            "trusted is refused and gives no number.",
        ),
        _table(
            ("plumes", "read", "mean error", "worst", "within 2 sd", "refused, why"),
            [(name, *_opacity_cells(group)) for name, group in one.groups.items()],
        ),
        '<div class="two">',
        figure("", line_plot(ideal, "true opacity", "read", dots=dots, dots_title=_LEGEND)),
        "</div>",
    ]


def _opacity_cells(group: OpacityFigures) -> tuple[str, ...]:
    error = group.mean_error
    mean = "-" if error.value is None else f"{error.value * 100:.1f} ({error.low * 100:.1f} to {error.high * 100:.1f})"
    return (
        f"{group.numbers} of {group.cases}",
        mean,
        "-" if group.worst_error is None else f"{group.worst_error * 100:.1f}",
        percent(group.within_2_sd),
        ", ".join(f"{reason} {count}" for reason, count in group.refused.items()) or "none",
    )


def _mistakes(one: SequenceFigures) -> Iterable[str]:
    rows = [(name, f"missed: {' and '.join(event.classes)} from {event.start_s:g} s") for name, event in one.missed]
    rows += [
        (name, f"false: {lead.class_name} at {lead.confirmed_s:.1f} s, confidence {lead.confidence:.2f}")
        for name, lead in one.false
    ]
    yield section(
        f"What went wrong, {one.name}", "Events without a lead, and leads without an event, of what is shipped."
    )
    yield _table(("scene", ""), rows) if rows else "<p>Nothing.</p>"


def _foot() -> str:
    return (
        "<footer><p><b>How to read the intervals.</b> Shares: Wilson; leads a camera-day: exact Poisson; mean errors: "
        "scenes drawn anew. All at 95 %, and for scenes of these kinds only: <code>docs/benchmarks.md</code>.</p>"
        "</footer>"
    )


def _table(titles: Iterable[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{title}</th>" for title in titles)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'

"""A scenes result as lines for the terminal."""

from collections.abc import Iterable

from benchmarks.accuracy.figures import Share
from benchmarks.accuracy.text import share
from benchmarks.scene_bench.result import FaultFigures, OpacityFigures, PerDay, ScenesResult, SplitEvents, SplitOpacity


def scenes_text(result: ScenesResult) -> str:
    """Return the figures that matter most; the file and the report hold the rest."""
    model, runtime, machine = result.model, result.runtime, result.machine
    code = "no checkout" if result.code is None else result.code.commit[:12] + " and changes" * result.code.is_dirty
    lines = [
        f"{model.name} {model.version}, on {runtime.engine} {runtime.version} {runtime.precision}; code {code}",
        f"{machine.processor}, {machine.cores} cores, load {machine.load_average:g} at the start",
        f"rendered in {result.timings.rendering_cpu_s:.0f} s of processor time",
        "scenes are rendered, not filmed; 95 % intervals in brackets",
    ]
    for events in result.events:
        lines += _events(events)
    for opacity in result.opacity:
        lines += _opacity(opacity)
    for sequence in result.sequences:
        lines += [
            f"{sequence.name}, missed: {name} ({', '.join(event.classes)} from {event.start_s:g} s)"
            for name, event in sequence.missed
        ]
        lines += [
            f"{sequence.name}, false: {name}, {lead.class_name} at {lead.confirmed_s:.1f} s ({lead.confidence:.2f})"
            for name, lead in sequence.false
        ]
    return "\n".join(lines)


def per_day(one: PerDay) -> str:
    """Return ``0 (0 in 0.42 h; 0 to 210)``: leads a camera-day."""
    if one.value is None or one.high is None:
        return f"- ({one.count})"
    return f"{one.value:.0f} ({one.count} in {one.hours:.2f} h; {one.low:.0f} to {one.high:.0f})"


def seconds(value: float | None) -> str:
    """Return ``4.5 s``."""
    return "-" if value is None else f"{value:.1f} s"


def _events(one: SplitEvents) -> Iterable[str]:
    yield f"\n{one.name}: events, false leads a camera-day"
    yield f"{'decider':<28} {'events found':<34} {'median':>7} {'90 %':>7}  false leads"
    for row in one.confirmations:
        yield (
            f"{row.decider:<28} {share(row.event_recall):<34} {seconds(row.confirm_median_s):>7} "
            f"{seconds(row.confirm_p90_s):>7}  {per_day(row.false_leads)}"
        )
    yield from (f"  {name:<18} {_of(recall)} found" for name, recall in one.families.items())
    for name, figures in one.look_alikes.items():
        yield f"  {name:<18} false leads in {_of(figures.scenes_with_false_leads)} scenes"
    if one.faults is not None:
        yield from _faults(one.faults)


def _faults(faults: FaultFigures) -> Iterable[str]:
    yield f"  faults told within 60 s: {_of(faults.told)}, by their name {_of(faults.named)}"
    yield f"  scenes with a lead after the fault: {_of(faults.scenes_with_leads)}"
    for name, fault in faults.faults.items():
        told = "never" if fault.told_s is None else f"after {fault.told_s:.1f} s as {fault.told_as}"
        yield f"  {name:<18} {fault.kind:<9} told {told}{f', {fault.leads} leads' * bool(fault.leads)}"
    yield from (f"  sound, but told {', '.join(kinds)}: {name}" for name, kinds in faults.false_faults.items())


def _opacity(one: SplitOpacity) -> Iterable[str]:
    yield f"\n{one.name}: opacity\n{'group':<12} {'read':>9}  {'mean error':<24} {'worst':>6}  within 2 sd  refused"
    for name, group in one.groups.items():
        yield opacity_line(name, group)


def opacity_line(name: str, group: OpacityFigures) -> str:
    """Return a group's errors in percentage points."""
    error = group.mean_error
    mean = "-" if error.value is None else f"{error.value * 100:.1f} ({error.low * 100:.1f} to {error.high * 100:.1f})"
    worst = "-" if group.worst_error is None else f"{group.worst_error * 100:.1f}"
    refused = ", ".join(f"{reason} {count}" for reason, count in group.refused.items()) or "none"
    read = f"{group.numbers} of {group.cases}"
    return f"{name:<12} {read:>9}  {mean:<24} {worst:>6}  {_of(group.within_2_sd):<11}  {refused}"


def _of(one: Share) -> str:
    return f"{one.hits} of {one.count}"

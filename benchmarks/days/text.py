"""A days result as text: the figures, every false lead and every missed event."""

from benchmarks.accuracy.result import Share
from benchmarks.days.result import DaysResult, Figures
from benchmarks.days.watch import Restart
from benchmarks.scene_bench.result import PerDay


def as_text(result: DaysResult) -> str:
    """Return the result for a person at the terminal."""
    figures = result.figures
    watched = (
        f"{result.model.name} {result.model.version}: {figures.cameras} cameras, {figures.hours:.1f} hours, "
        f"{figures.patrol} pictures on patrol and {figures.focus} in focus ({figures.focus_share:.1%} of the time)"
    )
    lines = [
        watched,
        *_restarted(result.restart),
        f"false leads: {_per_day(figures.false_leads)} a camera-day",
        f"  besides {figures.early} in the warm-up of {figures.starts} starts, and {figures.merged} in earlier leads",
        f"events found: {_share(figures.event_recall)}; " + _delays(figures),
    ]
    lines += [f"  {family}: {share.hits} of {share.count}" for family, share in figures.by_event.items()]
    if figures.unsighted_share:
        lines.append(f"told as a fault of the picture: {figures.unsighted_share:.2%} of the time")
    lines += ["", "| while there was | hours | false leads | a camera-day (95 %) |", "|---|---|---|---|"]
    lines += [
        f"| {kind} | {figures.active_h[kind]:.1f} | {rate.count} | {_interval(rate)} |"
        for kind, rate in figures.by_look_alike.items()
    ]
    lines += [
        f"| before {place} | {rate.hours:.1f} | {rate.count} | {_interval(rate)} |"
        for place, rate in figures.by_place.items()
    ]
    lines += ["", "hours by sky: " + _hours(figures.sky_h), "hours by light: " + _hours(figures.light_h)]
    wrong = [(one, lead) for one in result.stretches for lead in one.false_leads]
    if wrong:
        lines += ["", "false leads:"]
    for one, lead in wrong:
        sure = "" if lead.probability is None else f" p {lead.probability:.2f}"
        box = ", ".join(f"{edge:.0f}" for edge in lead.xyxy)
        near = (
            ""
            if lead.after_event_s is None or lead.after_event_s > 1800
            else f", {lead.after_event_s:.0f} s after an event"
        )
        lines.append(
            f"  camera {one.camera} ({one.place}) {lead.time}, {lead.light}, {lead.sky}: {lead.class_name} "
            f"by {lead.rule}{sure} at ({box}); there: {', '.join(lead.active) or 'nothing'}{near}"
        )
    if figures.missed:
        lines += ["", "missed:", *(f"  {event}" for event in figures.missed)]
    return "\n".join(lines)


def _restarted(restart: Restart) -> list[str]:
    return [] if restart is Restart.NONE else [f"the worker is started anew when the hours begin, {restart}"]


def _per_day(rate: PerDay) -> str:
    return f"{rate.count} in {rate.hours:.1f} quiet hours, {_interval(rate)}"


def _interval(rate: PerDay) -> str:
    if rate.value is None or rate.high is None:
        return "unknown"
    return f"{rate.value:.2f} ({rate.low:.2f} to {rate.high:.2f})"


def _share(share: Share) -> str:
    value = "" if share.value is None else f", {share.value:.3f}"
    return f"{share.hits} of {share.count}{value} (95 % {share.low:.2f} to {share.high:.2f})"


def _delays(figures: Figures) -> str:
    if figures.confirm_median_s is None or figures.confirm_slowest_s is None:
        return "none confirmed"
    return f"to confirmation {figures.confirm_median_s:.1f} s in the middle, {figures.confirm_slowest_s:.1f} s at most"


def _hours(hours: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.1f}" for name, value in hours.items()) or "none"

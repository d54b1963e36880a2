"""An accuracy result as lines for the terminal."""

from benchmarks.accuracy.deciders import candidate_threshold
from benchmarks.accuracy.figures import Estimate, Rate, Share
from benchmarks.accuracy.result import AccuracyResult, ImageFigures, Portion, SequenceFigures

OF_WHICH = {
    None: "",
    Portion.VALIDATION: " of the validation part",
    Portion.KEPT_BACK: " that the run kept back",
    Portion.ALL: ", all of the folder (flattered if the model learned from any)",
}
"""What follows the number of pictures."""


def accuracy_text(result: AccuracyResult) -> str:
    """Return the figures that matter most; the file and the report hold the rest."""
    model, runtime = result.model, result.runtime
    how = f"at {model.long_side_px} px, NMS {model.nms_iou:g}"
    lines = [f"{model.name} {model.version} {how}, on {runtime.engine} {runtime.version} {runtime.precision}"]
    if result.images is not None:
        lines += _images(result.images, model.threshold)
    for one in result.sequences:
        lines += _sequence(one)
    return "\n".join(lines)


def share(one: Share) -> str:
    """Return ``0.044 (10 of 225; 0.024 to 0.080)``."""
    value = "-" if one.value is None else f"{one.value:.3f}"
    return f"{value} ({one.hits} of {one.count}; {one.low:.3f} to {one.high:.3f})"


def estimate(one: Estimate) -> str:
    """Return ``0.583 (0.543 to 0.625)``."""
    return f"{'-' if one.value is None else f'{one.value:.3f}'} ({one.low:.3f} to {one.high:.3f})"


def rate(one: Rate) -> str:
    """Return ``2.3 (1 in 0.43 h; 0.1 to 12.9)``."""
    if one.per_hour is None or one.high is None:
        return f"- ({one.count})"
    return f"{one.per_hour:.1f} ({one.count} in {one.hours:.2f} h; {one.low:.1f} to {one.high:.1f})"


def _images(images: ImageFigures, threshold: float) -> list[str]:
    data, low = images.data, candidate_threshold()
    which = f"{data.images}{OF_WHICH[data.portion]}, of which {data.negatives} with nothing to find"
    lines = [
        f"\npictures: {which}; 95 % intervals in brackets",
        f"  mAP50                 {estimate(images.map50)}",
        f"  mAP50-95              {estimate(images.map50_95)}",
        f"  at threshold {threshold:g}, each picture by itself:",
        f"  precision of boxes    {share(images.precision)}",
        f"  recall of boxes       {share(images.recall)}",
        f"  pictures noticed      {share(images.image_recall)}",
        f"  false alarms          {share(images.false_alarms)}",
    ]
    lines += [
        f"  {'false alarms at ' + f'{low:g}':<22}{share(row.false_alarms)}; rules are shown boxes from there on"
        for row in images.sweep
        if row.threshold == low
    ]
    lines += [f"  AP50 {name:<17}{estimate(one.ap50)}" for name, one in images.classes.items()]
    lines += [f"  mAP50 {name:<16}{estimate(one.map50)}, {one.boxes} boxes" for name, one in images.sizes.items()]
    lines.append(f"\n{'group':<16} {'pictures':>8} {'boxes':>6}  {'mAP50':<26} noticed")
    lines += [
        f"{name:<16} {one.images:>8} {one.boxes:>6}  {estimate(one.map50):<26} {share(one.image_recall)}"
        for name, one in images.groups.items()
    ]
    lines.append(f"\n{'nothing to find':<16} false alarms")
    lines += [f"{name:<16} {share(one)}" for name, one in images.look_alikes.items()]
    return lines


def _sequence(one: SequenceFigures) -> list[str]:
    events = sum(len(clip.events) for clip in one.clips.values())
    lines = [
        f"\n{one.name}: {one.seconds / 60:.1f} min, {events} events, {one.quiet_s / 60:.1f} min with nothing to report",
        f"{'decider':<28} {'thr.':>5}  {'events found':<32} {'to confirm s':<14} false leads/h",
    ]
    for decider in one.deciders:
        for row in decider.rows:
            if row.threshold != one.shipped_threshold and row.threshold * 10 % 1 > 1e-9:
                continue  # the file has every step; a terminal needs every tenth
            mark = "*" if row.threshold == one.shipped_threshold else " "
            delay = row.confirm_s
            took = "-" if delay is None else f"{delay.least:.1f}/{delay.median:.1f}/{delay.most:.1f}"
            lines.append(
                f"{decider.name:<28} {row.threshold:>4.2f}{mark}  {share(row.event_recall):<32} {took:<14} "
                f"{rate(row.false_leads)}"
            )
    lines.append("* shipped threshold of the rules, not that of the pictures; to confirm: least/median/most")
    missed = [f"{name} at {event.start_s:g} s" for name, event in one.missed]
    false = [f"{name} at {lead.confirmed_s:.1f} s ({lead.class_name})" for name, lead in one.false]
    lines += [f"missed: {text}" for text in missed] + [f"false: {text}" for text in false]
    return lines

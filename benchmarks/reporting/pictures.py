"""The report's part about single pictures: curves, bars by source and look-alike, the worst mistakes."""

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from benchmarks.accuracy.deciders import candidate_threshold
from benchmarks.accuracy.figures import Estimate
from benchmarks.accuracy.result import ImageFigures, Mistake
from benchmarks.accuracy.text import OF_WHICH, estimate
from benchmarks.reporting.plots import FULL_WIDTH, Bar, Dot, Line, bar_plot, line_plot
from benchmarks.reporting.words import figure, group_title, number, section

FALSE_ALARM_GOAL = 0.05
"""Share of pictures with nothing to find that may alarm: what the shipped models are held to."""


def picture_parts(images: ImageFigures, threshold: float, pictures: Mapping[str, bytes]) -> list[str]:
    """Return the markup; `pictures` are JPEGs of the mistakes by picture name."""
    data, mistakes = images.data, images.mistakes
    return [
        section(
            "Single pictures",
            f"{data.images} pictures{OF_WHICH[data.portion]}, {data.negatives} of them with nothing to find. A box "
            "counts as right where it overlaps a labelled one of its class by half (IoU 0.5).",
        ),
        '<div class="two">',
        figure("Precision and recall", _pr_plot(images)),
        figure("What another threshold would give", _sweep_plot(images, threshold)),
        "</div>",
        section(
            "Where it finds, and where not",
            "Average precision at IoU 0.5. Thin lines are 95 % intervals: groups of few pictures tell little, and "
            "those under ten nothing.",
        ),
        '<div class="two">',
        figure("By source of the pictures", bar_plot(list(_group_bars(images)), "average precision by source")),
        figure("By class and by size of the object", bar_plot(list(_size_bars(images)), "average precision by size")),
        "</div>",
        section(
            "What it takes for smoke or fire",
            "Share of pictures with nothing to find that raise an alarm at the threshold. The dashed line is the goal "
            f"of {FALSE_ALARM_GOAL:.0%} over all of them. One picture makes no lead: rules are "
            f"shown boxes from {candidate_threshold():g} on and judge them over time, at a threshold of their own.",
        ),
        figure(
            "",
            bar_plot(
                list(_look_alike_bars(images)), "false alarms by look-alike", width=FULL_WIDTH, mark=FALSE_ALARM_GOAL
            ),
        ),
        *_mistake_parts(
            "Worst false alarms",
            "Nothing is there; the red box is what the model reported. The surest first.",
            mistakes.false_alarms,
            pictures,
            is_negative=True,
        ),
        *_mistake_parts(
            "Worst misses",
            "The amber box is labelled, and no detection of its class touches it. The largest first; some labels are "
            "disputable.",
            mistakes.misses,
            pictures,
            is_negative=False,
        ),
    ]


def _pr_plot(images: ImageFigures) -> str:
    lines, dots = [], []
    for name, one in images.classes.items():
        title = f"{name}, AP50 {estimate(one.ap50)}"
        lines.append(Line(title, name, list(zip(one.curve.recall, one.curve.precision, strict=True))))
        if one.precision.value is not None and one.recall.value is not None:
            dots.append(Dot(name, one.recall.value, one.precision.value))
    return line_plot(
        lines,
        "recall: labelled boxes found",
        "precision: boxes that are right",
        dots=dots,
        dots_title="at the threshold, NMS as shipped",
    )


def _sweep_plot(images: ImageFigures, threshold: float) -> str:
    known = (
        ("image_recall", "pictures noticed", "good"),
        ("precision", "precision of boxes", "smoke"),
        ("recall", "recall of boxes", "plain"),
        ("false_alarms", "false alarms", "bad"),
    )
    lines = []
    for name, title, tone in known:
        values = [(row.threshold, getattr(row, name).value) for row in images.sweep]
        lines.append(Line(title, tone, [(x, y) for x, y in values if y is not None]))
    return line_plot(lines, "threshold", "share", mark_x=threshold)


def _group_bars(images: ImageFigures) -> Iterable[Bar]:
    for name, one in sorted(images.groups.items(), key=lambda item: -item[1].images):
        yield _bar(group_title(name), one.map50, f"{one.images} pictures", "good")


def _size_bars(images: ImageFigures) -> Iterable[Bar]:
    yield _bar("all", images.map50, f"{sum(images.data.boxes.values())} boxes", "good")
    for name, one in images.classes.items():
        yield _bar(name, one.ap50, f"{one.boxes} boxes", name)
    for name, size in images.sizes.items():
        yield _bar(name, size.map50, f"{size.boxes} boxes", "plain")


def _bar(title: str, one: Estimate, count: str, tone: str) -> Bar:
    return Bar(title, f"{number(one.value)}, {count}", one.value, one.low, one.high, tone)


def _look_alike_bars(images: ImageFigures) -> Iterable[Bar]:
    rows = [(group_title(name, is_negative=True), one) for name, one in images.look_alikes.items()]
    rows.sort(key=lambda row: (-(row[1].value or 0), -row[1].count, row[0]))
    for title, one in [("all of the validation split", images.false_alarms), *rows]:
        yield Bar(title, f"{one.hits} of {one.count}", one.value, one.low, one.high, "bad")


def _mistake_parts(
    title: str, about: str, mistakes: Sequence[Mistake], pictures: Mapping[str, bytes], *, is_negative: bool
) -> Iterable[str]:
    shown = [one for one in mistakes if one.name in pictures]
    if not shown:
        return
    yield section(title, about)
    yield '<div class="pictures">'
    for one in shown:
        source = f"data:image/jpeg;base64,{b64encode(pictures[one.name]).decode('ascii')}"
        said = f"surest detection {one.confidence:.2f}" if one.confidence > 0 else "nothing detected"
        words = f"<b>{escape(one.class_name)}</b>, {said}<br>{escape(group_title(one.group, is_negative=is_negative))}"
        yield f'<figure><img alt="{escape(one.name)}" src="{source}"><figcaption>{words}</figcaption></figure>'
    yield "</div>"

"""
The report: an accuracy result as one HTML file for everybody, with plots and, where given, the worst mistakes.

Pictures in it belong to others: the file is written where its user says and never committed.
"""

from collections.abc import Iterable, Mapping
from html import escape

from benchmarks.accuracy.result import AccuracyResult, ImageFigures, SequenceFigures
from benchmarks.reporting.clips import clip_parts, shipped_row
from benchmarks.reporting.pictures import picture_parts
from benchmarks.reporting.style import style
from benchmarks.reporting.words import card, duration, interval, percent


def html_report(result: AccuracyResult, pictures: Mapping[str, bytes]) -> str:
    """Return the page; `pictures` are JPEGs of the mistakes by picture name."""
    parts = [*_head(result), '<section class="cards">']
    if result.images is not None:
        parts += _picture_cards(result.images)
    for one in result.sequences:
        parts += _clip_cards(one)
    parts.append("</section>")
    if result.images is not None:
        parts += picture_parts(result.images, result.model.threshold, pictures)
    for one in result.sequences:
        parts += clip_parts(one)
    return "".join([*parts, _foot(result), "</main></body></html>\n"])


def _head(result: AccuracyResult) -> Iterable[str]:
    model, runtime = result.model, result.runtime
    facts = {
        "input": f"{model.long_side_px} px",
        "threshold of the pictures": f"{model.threshold:g}",
        "run-time": f"{runtime.engine} {runtime.version.partition('-')[0]}, {runtime.precision}",
        "plumewatch": result.plumewatch,
        "weights": model.weights_sha256[:16],
    }
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escape(model.name)}: accuracy</title>"
    yield f"{style()}</head><body><main>"
    yield '<header><p class="kicker">青目 Plumewatch, accuracy</p>'
    yield f'<h1>{escape(model.name)} {escape(model.version)}</h1><ul class="facts">'
    yield from (f"<li>{name} <b>{escape(value)}</b></li>" for name, value in facts.items())
    yield "</ul></header>"


def _picture_cards(images: ImageFigures) -> Iterable[str]:
    noticed, alarms, map50 = images.image_recall, images.false_alarms, images.map50
    yield card(
        percent(noticed),
        "of fires and plumes noticed",
        f"{noticed.hits} of {noticed.count} pictures; {interval(noticed)}",
    )
    yield card(
        percent(alarms),
        "false alarms",
        f"{alarms.hits} of {alarms.count} pictures with nothing to find; {interval(alarms)}",
    )
    yield card(
        "-" if map50.value is None else f"{map50.value:.3f}",
        "mAP50",
        f"how well boxes are found and placed, from 0 to 1; {map50.low:.3f} to {map50.high:.3f}",
    )


def _clip_cards(one: SequenceFigures) -> Iterable[str]:
    row = shipped_row(one)
    if row is None:
        return
    found, false = row.event_recall, row.false_leads
    where = "in rendered scenes"
    took = "" if row.confirm_s is None else f"; half of them within {row.confirm_s.median:.1f} s"
    yield card(f"{found.hits} of {found.count}", f"events reported {where}", f"{interval(found)}{took}")
    high = "" if false.high is None else f"; {false.low:.0f} to {false.high:.0f} an hour"
    yield card(str(false.count), f"false leads {where}", f"in {duration(one.quiet_s)} with nothing to report{high}")


def _foot(result: AccuracyResult) -> str:
    digest = "" if result.images is None else f" Pictures: <code>{result.images.data.sha256}</code>."
    return (
        "<footer><p><b>How to read the intervals.</b> Measured on other pictures or clips of the same kind, such an "
        "interval holds the true figure in 19 of 20 cases. Two figures whose intervals overlap widely may not differ "
        "at all: <code>plumewatch bench compare</code> says which differences are more than chance, and "
        "docs/benchmarks.md what every figure means.</p>"
        f"<p>Weights: <code>{result.model.weights_sha256}</code>.{digest}</p></footer>"
    )

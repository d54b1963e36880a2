"""The speed report as a page: pictures a second beside each other, and the table."""

from collections.abc import Iterable
from html import escape
from itertools import groupby

from benchmarks.reporting.plots import FULL_WIDTH, Bar, bar_plot
from benchmarks.reporting.style import style
from benchmarks.reporting.words import card, figure, section
from benchmarks.speed import ULTRALYTICS, SpeedReport, SpeedResult


def speed_html(report: SpeedReport) -> str:
    """Return the page."""
    fastest = max(report.results, key=lambda each: each.images_per_s)
    parts = [*_head(report), '<section class="cards">', *_cards(fastest), "</section>"]
    parts.append(
        section(
            "Pictures a second",
            "From BGR arrays to boxes, scaling and NMS included; the median of batches that took turns. "
            "A bar is the share of the fastest one beside it.",
        )
    )
    for (picture_wh, batch), group in groupby(report.results, key=lambda each: (each.picture_wh, each.batch)):
        rows = list(group)
        title = f"{picture_wh[0]}x{picture_wh[1]}, {batch} a call"
        parts.append(figure(title, bar_plot(list(_bars(rows)), title, width=FULL_WIDTH)))
    parts.append(
        section(
            "All figures",
            "Processor time is of all threads for one picture; it depends far less on what else the machine did. "
            "The ratio is pictures a second against ultralytics on the same arrays in the same run, where both ran on "
            "the same kind of device.",
        )
    )
    return "".join([*parts, _table(report.results), "</main></body></html>\n"])


def _head(report: SpeedReport) -> Iterable[str]:
    machine = report.machine
    facts = {
        "input": f"{report.long_side_px} px",
        "processor": f"{machine.processor}, {machine.cores} cores",
        "units": " ".join(machine.flags) or "none known here",
        "threads": str(report.threads),
        "load average": f"{machine.load_before:g} before, {machine.load_after:g} after",
        "batches": f"{report.rounds} each",
        "weights": report.weights_sha256[:16],
    }
    if report.ultralytics is not None:
        facts["ultralytics with"] = f"{report.ultralytics.name}, {report.ultralytics.sha256[:16]}"
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escape(report.model)}: speed</title>"
    yield f"{style()}</head><body><main>"
    yield '<header><p class="kicker">青目 Plumewatch, speed</p>'
    yield f'<h1>{escape(report.model)}</h1><ul class="facts">'
    yield from (f"<li>{name} <b>{escape(value)}</b></li>" for name, value in facts.items())
    yield "</ul></header>"


def _cards(fastest: SpeedResult) -> Iterable[str]:
    how = f"{fastest.runtime}, {fastest.batch} a call, {fastest.picture_wh[0]}x{fastest.picture_wh[1]}"
    yield card(f"{fastest.images_per_s:.1f}", "pictures a second at most", how)
    yield card(f"{fastest.cpu_ms:.1f} ms", "of processor for a picture", "all threads together")
    if fastest.ratio is not None:
        yield card(f"{fastest.ratio:.1f} x", "as many as ultralytics", "from the same arrays in the same run")


def _bars(rows: list[SpeedResult]) -> Iterable[Bar]:
    best = max(each.images_per_s for each in rows)
    for each in rows:
        share = each.images_per_s / best
        tone = "plain" if each.runtime == ULTRALYTICS else "good" if share == 1 else "smoke"
        slow = min(share, each.batch * 1000 / each.p99_ms / best)
        yield Bar(each.runtime, f"{each.images_per_s:.1f} a second", share, slow, share, tone)


def _table(results: Iterable[SpeedResult]) -> str:
    titles = (
        "run-time",
        "precision",
        "device",
        "threads",
        "picture",
        "a call",
        "median ms",
        "p99 ms",
        "a second",
        "cpu ms",
        "load s",
        "ratio",
    )
    rows = (
        (
            each.runtime,
            each.precision,
            each.device,
            str(each.threads),
            f"{each.picture_wh[0]}x{each.picture_wh[1]}",
            str(each.batch),
            f"{each.median_ms:.1f}",
            f"{each.p99_ms:.1f}",
            f"{each.images_per_s:.1f}",
            f"{each.cpu_ms:.1f}",
            f"{each.load_s:.2f}",
            "" if each.ratio is None else f"{each.ratio:.1f}",
        )
        for each in results
    )
    head = "".join(f"<th>{title}</th>" for title in titles)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'

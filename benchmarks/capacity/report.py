"""The capacity report: one HTML file with the answer first, plots over the number of cameras, and what limits it."""

from collections.abc import Iterable, Iterator, Mapping
from html import escape

from benchmarks.capacity.plots import Limit, Series, camera_plot, stacked_bar
from benchmarks.capacity.result import CapacityResult
from benchmarks.capacity.step import StepResult
from benchmarks.capacity.usage import UNNAMED
from benchmarks.reporting.style import style
from benchmarks.reporting.words import card, figure, section

THREAD_TITLES: Mapping[str, str] = {
    "camera": "cameras: reading and decoding",
    UNNAMED: "the network (threads of the engine)",
    "detector": "detector threads: boxes, tracks, rules",
    "live": "snapshots and live tiles",
}
_TONES = ("smoke", "fire", "good", "bad", "plain")


def capacity_html(result: CapacityResult) -> str:
    """Return the page."""
    return "".join(
        [
            *_head(result),
            *_cards(result),
            *_plots(result),
            *_limits(result),
            *_table(result),
            *_kinds(result),
            *_baseline(result),
            *_foot(result),
        ]
    )


def _head(result: CapacityResult) -> Iterator[str]:
    scenario, machine = result.scenario, result.machine
    facts = {
        "cameras": "by turns: " + "; ".join(scenario.kinds)
        if len(scenario.kinds) > 1
        else f"{scenario.codec.upper()} {scenario.size_wh[0]}x{scenario.size_wh[1]}, {scenario.fps} pictures/s",
        "key frame every": f"{scenario.gop_s:g} s",
        "bit rate": f"{scenario.bit_rate / 1e6:g} Mbit/s",
        "model": f"{result.model} {result.model_version}",
        "run-time": result.runtime,
        "workers": str(scenario.workers),
        "machine": f"{machine.cores} cores, {machine.processor}",
        "plumewatch": result.plumewatch,
    }
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{result.carried} cameras: capacity</title>"
    yield f"{style()}</head><body><main>"
    yield '<header><p class="kicker">青目 Plumewatch, capacity</p>'
    yield f'<h1>{result.carried} cameras on {machine.cores} cores</h1><ul class="facts">'
    yield from (f"<li>{name} <b>{escape(value)}</b></li>" for name, value in facts.items())
    yield "</ul></header>"
    if not result.quiet:
        yield '<p class="bad-text">Other programs ran on the machine meanwhile: all figures are lower bounds.</p>'


def _largest(result: CapacityResult) -> StepResult:
    return max((step for step in result.steps if step.holds), key=lambda step: step.cameras, default=result.steps[0])


def _cards(result: CapacityResult) -> Iterator[str]:
    largest, budget = _largest(result), result.budget
    yield '<section class="cards">'
    yield card(
        f"{largest.interval_s[0]:.1f} s",
        "between looks at a camera",
        f"half of all intervals at {largest.cameras} cameras; 99 of 100 within {largest.interval_s[2]:.2f} s "
        f"(budget {budget.median_s:g} and {budget.p99_s:g} s)",
    )
    yield card(
        f"{largest.latency_s[0]:.2f} s",
        "from capture to boxes",
        f"half of all pictures; 99 of 100 within {largest.latency_s[2]:.2f} s",
    )
    if result.mb_per_camera is not None:
        rings = "included" if result.scenario.rings_filled else "not yet full"
        yield card(
            f"{result.mb_per_camera:.0f} MB",
            "memory a camera",
            f"growth of the worker over the steps, its ring {rings}; budget {budget.mb_per_camera:g} MB",
        )
    yield card(
        str(largest.unexplained),
        "pictures lost without a reason",
        f"of {largest.analysed + largest.missed} due in {largest.seconds:.0f} s; {largest.missed} lost with one",
    )
    if result.baseline:
        yield card(
            f"{result.ratio_as_meant:.0f} to 1",
            "against ultralytics' loop",
            f"which looks at every picture of {result.baseline_every_picture:.2f} cameras; where it need only hold the "
            f"same budget it carries {result.baseline_carried_text}, {result.ratio_same_budget:.1f} to 1",
        )
    yield "</section>"


def _plots(result: CapacityResult) -> Iterator[str]:
    steps, budget = result.steps, result.budget
    yield section("As cameras are added", "Each point is one run with a new worker; the line is the budget.")
    yield '<div class="two">'
    interval = camera_plot(
        [
            Series("median", "smoke", [(step.cameras, step.interval_s[0]) for step in steps]),
            Series("99 %", "fire", [(step.cameras, step.interval_s[2]) for step in steps]),
        ],
        "seconds between looks",
        limit=Limit(f"budget, 99 %: {budget.p99_s:g} s", budget.p99_s),
        y_most=3 * budget.p99_s,
    )
    yield figure("Interval between analysed pictures of a camera", interval)
    latency = camera_plot(
        [
            Series("median", "smoke", [(step.cameras, step.latency_s[0]) for step in steps]),
            Series("99 %", "fire", [(step.cameras, step.latency_s[2]) for step in steps]),
        ],
        "seconds to boxes",
        y_most=2 * budget.latency_p99_s,
    )
    yield figure("From capture until the boxes are known", latency)
    names = ("worker", "farm", "api", "bus", "others")
    cores = camera_plot(
        [
            Series(name, tone, [(step.cameras, step.cores.get(name, 0.0)) for step in steps])
            for name, tone in zip(names, _TONES, strict=True)
        ],
        "cores",
        limit=Limit(f"the machine: {result.machine.cores} cores", result.machine.cores),
    )
    yield figure("Processor", cores)
    memory = camera_plot(
        [Series("worker, resident", "smoke", [(step.cameras, step.worker_mb) for step in steps])],
        "MB",
    )
    yield figure("Memory of the worker", memory)
    yield "</div>"


def _limits(result: CapacityResult) -> Iterator[str]:
    largest, cores = _largest(result), result.machine.cores
    yield section(
        "What limits it",
        f"Where the {cores} cores went at {largest.cameras} cameras, in cores; grey is what was left.",
    )
    named = [(THREAD_TITLES.get(group, group), used) for group, used in largest.threads.items() if used >= 0.01]
    rest = sum(used for used in largest.threads.values() if used < 0.01)
    parts = [*named[:3], ("the worker's other threads", rest + sum(used for _, used in named[3:]))]
    titles = {"farm": "the cameras' generator", "api": "API", "bus": "bus"}
    parts += [(title, largest.cores[name]) for name, title in titles.items()]
    tones = ("smoke", "fire", "good", "plain", "bad", "plain", "plain")
    shares = [(title, tone, used) for (title, used), tone in zip(parts, tones, strict=False)]
    yield figure("", stacked_bar(shares, float(cores)))
    yield "<p></p>"
    for sentence in limit_sentences(result):
        yield f"<p>{escape(sentence)}</p>"


def limit_sentences(result: CapacityResult) -> Iterator[str]:
    """Yield what limits the number of cameras, in sentences for people."""
    largest = _largest(result)
    camera, network = largest.threads.get("camera", 0.0), largest.threads.get(UNNAMED, 0.0)
    looks = largest.analysed / largest.seconds
    yield (
        f"Cameras' threads (reading and decoding) use {camera:.2f} cores, {1000 * camera / looks:.1f} ms a look; the "
        f"network's threads {network:.2f} cores, {1000 * network / looks:.1f} ms a look."
    )
    if result.costs is not None:
        costs = result.costs
        yield (
            f"Alone on the processor a key frame takes {costs.decode_ms:.1f} ms to decode, scale and convert, and "
            f"{costs.detect_ms:.1f} ms to detect in, in batches of four; reading a second of a camera's stream takes "
            f"{costs.demux_ms:.1f} ms. A look every {result.scenario.gop_s:g} s therefore costs "
            f"{costs.decode_ms + costs.detect_ms + result.scenario.gop_s * costs.demux_ms:.0f} ms."
        )
    if result.room_for is not None:
        yield (
            f"A straight line through the steps that left the cores some time reaches {result.machine.cores} cores at "
            f"{result.room_for:.0f} cameras, the generator's own work included."
        )
    broken = [step for step in result.steps if not step.holds]
    if broken:
        yield f"The first step that broke the budget, {broken[0].cameras} cameras: {'; '.join(broken[0].faults)}."


def _table(result: CapacityResult) -> Iterator[str]:
    heads = (
        *("cameras", "budget", "median s", "99 % s", "longest s", "latency 99 % s", "analysed/s", "due and lost"),
        *("unexplained", "worker cores", "farm", "API + bus", "others", "MB", "started in s"),
    )
    yield section("Every step", "Cores are processor seconds a second; the farm is the generator of the cameras.")
    yield _table_head(heads)
    for step in result.steps:
        cells = (
            *(f"{step.interval_s[0]:.2f}", f"{step.interval_s[2]:.2f}", f"{step.interval_s[3]:.2f}"),
            *(f"{step.latency_s[2]:.2f}", f"{step.analysed / step.seconds:.1f}", _lost(step), step.unexplained),
            *(f"{step.cores['worker']:.2f}", f"{step.cores['farm']:.2f}"),
            *(f"{step.cores['api'] + step.cores['bus']:.2f}", f"{step.cores['others']:.2f}"),
            *(f"{step.worker_mb:.0f}", f"{step.start_s:.1f}"),
        )
        verdict = "held" if step.holds else "; ".join(step.faults)
        tone = "good-text" if step.holds else "bad-text"
        row = "".join(f"<td>{escape(str(cell))}</td>" for cell in cells)
        yield f'<tr><td>{step.cameras}</td><td class="wrap {tone}">{escape(verdict)}</td>{row}</tr>'
    yield "</tbody></table></div>"


def _kinds(result: CapacityResult) -> Iterator[str]:
    if not any(step.kinds for step in result.steps):
        return
    yield section("By kind of camera", "The cameras of a step take turns in what they send.")
    yield _table_head(("cameras in all", "kind", "of these", "median s", "99 % s", "lost"))
    for step in result.steps:
        for kind, each in step.kinds.items():
            cells = (step.cameras, kind, each.cameras, f"{each.median_s:.2f}", f"{each.p99_s:.2f}", each.missed)
            yield "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells) + "</tr>"
    yield "</tbody></table></div>"


def _table_head(heads: Iterable[str]) -> str:
    cells = "".join(f"<th>{head}</th>" for head in heads)
    return f'<div class="scroll"><table><thead><tr>{cells}</tr></thead><tbody>'


def _lost(step: StepResult) -> str:
    reasons = ", ".join(f"{count} {reason}" for reason, count in step.explained.items())
    return f"{step.missed} ({reasons})" if reasons else str(step.missed)


def _baseline(result: CapacityResult) -> Iterator[str]:
    if not result.baseline:
        return
    yield section(
        "The same cameras in ultralytics' own loop",
        f"YOLO(weights).predict(source='list.streams', stream=True), same farm; {result.baseline_versions}.",
    )
    heads = (
        "weights",
        "streams",
        "pictures/s",
        "median s",
        "99 % s",
        "share analysed",
        "behind s",
        "cores",
        "MB",
        "same budget",
    )
    yield _table_head(heads)
    for each in result.baseline:
        cells = (
            *(each.weights, each.streams, f"{each.fps:.1f}", f"{each.interval_s[0]:.2f}", f"{each.interval_s[1]:.2f}"),
            *(f"{each.analysed_share:.0%}", f"{each.backlog_s:.1f}", f"{each.cores:.2f}", f"{each.memory_mb:.0f}"),
        )
        verdict = "held" if each.holds else "; ".join(each.faults)
        row = "".join(f"<td>{escape(str(cell))}</td>" for cell in cells)
        yield f'<tr>{row}<td class="wrap">{escape(verdict)}</td></tr>'
    yield "</tbody></table></div>"


def _foot(result: CapacityResult) -> Iterator[str]:
    scenario = result.scenario
    where = (
        f"on processors {scenario.pinned['farm']} alone" if scenario.pinned else "on the same cores, and not subtracted"
    )
    yield (
        f"<footer><p>Measured {escape(result.made)} for {scenario.seconds:g} s a step. The cameras are a generator "
        f"{where}: with real cameras its share of the processor is free, so the number of cameras is a lower bound. "
        "How to read it: docs/benchmarks.md; how it is measured: decision 0015.</p></footer></main></body></html>\n"
    )

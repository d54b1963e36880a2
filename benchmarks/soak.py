"""
The soak: many cameras for a long time, some of which fail and return, and what is left of them in the ledger.

    python -m benchmarks.soak --cameras 40 --minutes 30 --json benchmarks/results/soak-40-cameras.json

A farm of loopback RTSP cameras (`benchmarks.rtsp_farm`) lets a tenth of them be out at any time, drawn from a seed, and
writes down when. A site as ``plumewatch up`` starts it (bus, API, one worker) watches them; two of them show smoke. At
the end the coverage that the API tells is held against what the farm wrote down. The report says how memory grew, which
outage is missing in the ledger, and whether a lead was lost.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import redis

from api.contract.bus import vitals_key
from api.contract.health import WorkerHealth
from benchmarks.capacity.site import Site
from benchmarks.capacity.usage import machine_usage, usage_of
from benchmarks.errors import BenchmarkError
from benchmarks.output import result_file
from benchmarks.rtsp_farm.chaos import Chaos
from benchmarks.rtsp_farm.clips import QUIET_SCENES, ClipSpec, ensure_clip
from benchmarks.rtsp_farm.farm import RtspFarm, spread
from benchmarks.rtsp_farm.orders import CameraOrder
from benchmarks.scenes.catalogue import scene_named
from benchmarks.scenes.film import ensure
from benchmarks.soak_report import Outage, SoakReport, gaps_of, hold_against, read_outages, slope_of, unexplained

ROOT = Path(__file__).parents[1]
NODE = "soak"
SMOKE_SCENE = "stack-black-smoke"
SMOKING = 2
SAMPLE_EVERY_S = 5.0
CALM_S = 60.0
"""Without faults at the beginning, while everything starts, and at the end, so that the last outage has its end."""

WARM_UP = 0.25
"""Share of the run after which memory is judged: rings fill, pools and allocators settle."""

RECOVERY_S = 60.0
"""After an outage's end a worker's back-off and its time-outs may take so long until it looks again."""

TOLD_S = 60.0
WATCHED_WITHIN_S = 180.0
STOPS_WITHIN_S = 90.0


@dataclass(frozen=True, slots=True)
class SoakOptions:
    """What was asked for; `model` is empty for the default, `folder` keeps the site's data, its logs and the truth."""

    cameras: int
    minutes: float
    seed: int
    share: float
    cache: Path
    folder: Path
    model: str = ""


@dataclass(slots=True)
class Samples:
    """Memory over time by process name, (seconds, MB), and processor seconds of the worker and of the whole machine."""

    memory: dict[str, list[tuple[float, float]]]
    worker_cpu_s: float = 0.0
    machine_cpu_s: float = 0.0


def soak(options: SoakOptions) -> SoakReport:
    """Run the soak and return its report; raises `BenchmarkError` where the worker ends by itself."""
    seconds = options.minutes * 60
    chaos = Chaos(seed=options.seed, share=options.share, after_s=CALM_S, until_s=max(CALM_S, seconds - CALM_S))
    truth = options.folder / "farm.log"
    truth.touch()
    orders = _orders(options)
    with ExitStack() as stack:
        site = stack.enter_context(Site(options.folder))
        farm = stack.enter_context(RtspFarm(orders, log=truth, chaos=chaos))
        client = stack.enter_context(_client(site))
        worker = _start_worker(options, site, {name: farm.url(name) for name in orders})
        stack.callback(_stop, worker)
        _wait_watched(client, worker, list(orders))
        samples = _sample(worker, site, seconds)
        ended = datetime.now(UTC)
        health = _worker_health(site)
        time.sleep(TOLD_S)  # the ledger tells the last minute
        told = {name: client.get(f"/v1/cameras/{name}/coverage").raise_for_status().json() for name in orders}
        _stop(worker)
        filed = _leads(client)
    outages = read_outages(truth.read_text(encoding="utf-8").splitlines())
    return _report(options, told, [outage for outage in outages if outage.start < ended], ended, samples, health, filed)


def _orders(options: SoakOptions) -> dict[str, CameraOrder]:
    quiet = [ensure_clip(options.cache, ClipSpec(scene=scene)) for scene in QUIET_SCENES]
    smoke = ensure(options.cache / "scenes", [scene_named(SMOKE_SCENE)])[SMOKE_SCENE]
    orders = spread(quiet, options.cameras)
    for name in list(orders)[-SMOKING:]:
        orders[name] = orders[name].model_copy(update={"file": str(smoke), "phase_s": 0.0})
    return orders


def _client(site: Site) -> httpx.Client:
    return httpx.Client(
        base_url=site.api_url, headers={"Authorization": f"Bearer {site.worker_key}"}, timeout=30, trust_env=False
    )


def _start_worker(options: SoakOptions, site: Site, sources: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    config = options.folder / "worker.toml"
    tables = [f'[detector]\nmodel = "{options.model}"\n'] if options.model else []
    tables += [f'[[cameras]]\nid = "{name}"\nsource = "{source}"\n' for name, source in sources.items()]
    config.write_text("\n".join(tables), encoding="utf-8")
    command = [sys.executable, "-m", "plumewatch", "worker", "--config", str(config), "--node", NODE]
    places = ["--data", str(options.folder / "worker"), "--redis", site.redis_url, "--api", site.api_url]
    environment = {**os.environ, "PLUMEWATCH_WORKER_KEY": site.worker_key}
    with (options.folder / "worker.log").open("wb") as log:
        return subprocess.Popen(
            [*command, *places], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, cwd=ROOT
        )


def _wait_watched(client: httpx.Client, worker: "subprocess.Popen[bytes]", cameras: Sequence[str]) -> None:
    deadline = time.monotonic() + WATCHED_WITHIN_S
    while time.monotonic() < deadline:
        _check(worker)
        views = client.get("/v1/cameras").raise_for_status().json()["cameras"]
        watched = [view for view in views if view["health"] and view["health"]["frames_analysed"]]
        if len(watched) == len(cameras):
            return
        time.sleep(1.0)
    raise BenchmarkError(f"only {len(watched)} of {len(cameras)} cameras were watched after {WATCHED_WITHIN_S:g} s")


def _check(worker: "subprocess.Popen[bytes]") -> None:
    if worker.poll() is not None:
        raise BenchmarkError(f"the worker ended by itself with {worker.returncode}")


def _sample(worker: "subprocess.Popen[bytes]", site: Site, seconds: float) -> Samples:
    """Note memory every `SAMPLE_EVERY_S` for `seconds`."""
    watched = {"worker": worker.pid, "api": site.pids["api"][0]}
    samples = Samples({name: [] for name in watched})
    before, machine_before = usage_of(worker.pid).cpu_s, machine_usage().busy_s
    began = time.monotonic()
    while (elapsed := time.monotonic() - began) < seconds:
        _check(worker)
        for name, process in watched.items():
            samples.memory[name].append((elapsed, usage_of(process).rss_mb))
        time.sleep(min(SAMPLE_EVERY_S, max(0.0, seconds - elapsed)))
    samples.worker_cpu_s = usage_of(worker.pid).cpu_s - before
    samples.machine_cpu_s = machine_usage().busy_s - machine_before
    return samples


def _worker_health(site: Site) -> WorkerHealth:
    with redis.Redis.from_url(site.redis_url) as client:
        text = client.get(vitals_key(NODE))
    if not isinstance(text, bytes):
        raise BenchmarkError("the worker does not report itself")
    return WorkerHealth.model_validate_json(text)


def _stop(worker: "subprocess.Popen[bytes]") -> None:
    if worker.poll() is None:
        worker.send_signal(signal.SIGTERM)
        try:
            worker.wait(STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()


def _leads(client: httpx.Client) -> list[dict[str, Any]]:
    """Return every lead that the API knows."""
    leads: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = client.get("/v1/leads", params={"limit": 200} | ({"cursor": cursor} if cursor else {}))
        answer = page.raise_for_status().json()
        leads += answer["leads"]
        cursor = answer["next"]
        if cursor is None:
            return leads


def _on_disk(folder: Path) -> set[str]:
    """Return the leads that the worker still keeps: packages to be sent, and cases to be finished."""
    places = [folder / "worker" / "outbox" / "ready", folder / "worker" / "cases" / "cases"]
    return {path.name for place in places if place.is_dir() for path in place.iterdir() if path.suffix != ".partial"}


def _report(
    options: SoakOptions,
    told: Mapping[str, Mapping[str, Any]],
    outages: Sequence[Outage],
    ended: datetime,
    samples: Samples,
    health: WorkerHealth,
    leads: Sequence[Mapping[str, Any]],
) -> SoakReport:
    gaps = gaps_of(told)
    limit_s = max(answer["interval"]["limit_s"] for answer in told.values())
    findings, brief = hold_against(outages, gaps, ended, limit_s=limit_s)
    required_s = sum(answer["required_s"] for answer in told.values())
    watched_s = sum(answer["watched_s"] for answer in told.values())
    dropped: Counter[str] = Counter()
    for answer in told.values():
        dropped.update(answer["dropped"])
    seconds = options.minutes * 60
    known = {lead["lead_id"] for lead in leads}
    filed = {lead["lead_id"] for lead in leads if lead["evidence"] is not None}
    kept = _on_disk(options.folder)
    made = max(len(known | kept), health.evidence.opened)
    return SoakReport(
        cameras=options.cameras,
        minutes=options.minutes,
        seed=options.seed,
        model=f"{health.detector.model} ({health.detector.engine})",
        processors=health.cpus,
        expected=len(findings),
        missed=[finding for finding in findings if not finding.found],
        brief=brief,
        findings=findings,
        other_gaps=unexplained(outages, gaps, recovery_s=RECOVERY_S),
        unaccounted_s=round(abs(required_s - watched_s - sum(gap.seconds for gap in gaps)), 3),
        share_watched=round(watched_s / required_s, 6) if required_s else 0.0,
        interval_median_s=_worst(told, "median_s"),
        interval_p99_s=_worst(told, "p99_s"),
        worker_memory=slope_of(samples.memory["worker"], after_s=WARM_UP * seconds),
        api_memory=slope_of(samples.memory["api"], after_s=WARM_UP * seconds),
        worker_cores=round(samples.worker_cpu_s / seconds, 3),
        machine_cores=round(samples.machine_cpu_s / seconds, 3),
        leads=made,
        filed=len(filed),
        on_disk=len(kept - filed),
        lost=made - len(filed | kept),
        dropped=dict(dropped),
    )


def _worst(told: Mapping[str, Mapping[str, Any]], figure: str) -> float | None:
    return max((answer["interval"][figure] for answer in told.values() if answer["interval"][figure]), default=None)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a soak, print the report, and return 1 where an outage is missing or a lead lost."""
    parser = argparse.ArgumentParser(
        description="Watch failing cameras for long and hold the ledger against the truth."
    )
    parser.add_argument("--cameras", type=int, default=40)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1, help="of the faults")
    parser.add_argument("--share", type=float, default=0.1, help="of the cameras that are out at any time")
    parser.add_argument("--model", default="", help="registry name; the default model without this")
    parser.add_argument("--cache", type=Path, default=Path(".cache/farm"), help="keeps the farm's clips")
    parser.add_argument("--keep", type=Path, help="keep the site's data and logs in this new folder")
    parser.add_argument("--json", type=result_file, help="also write the report here")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="pw-soak-") as temporary:
        folder = chosen.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        options = SoakOptions(
            cameras=chosen.cameras,
            minutes=chosen.minutes,
            seed=chosen.seed,
            share=chosen.share,
            cache=chosen.cache.resolve(),
            folder=folder.resolve(),
            model=chosen.model,
        )
        try:
            report = soak(options)
        except BenchmarkError as error:
            log = folder / "worker.log"
            tail = log.read_text(encoding="utf-8", errors="replace")[-2000:] if log.exists() else ""
            print(f"the soak failed: {error}\n{tail}", file=sys.stderr)
            return 2
    print(report.as_text())
    if chosen.json is not None:
        chosen.json.write_text(report.as_json(), encoding="utf-8")
    return 0 if report.passed else 1


if __name__ == "__main__":
    sys.exit(main())

"""The worker as a process of its own: its configuration read and checked, its places, its key."""

import json
import os
import threading
from collections.abc import Sequence
from pathlib import Path

from plumewatch.failures import UsageError
from streams.camera import Pace, SourceUrl, StreamSettings
from vision.config import WorkerConfig, load_config

DEMO = "PLUMEWATCH_DEMO"
"""Set by the supervisor for demo scenes: files start again at their end, so that the wall always shows something."""


SOURCES = "PLUMEWATCH_SOURCES"
"""Set by the supervisor: the sources as a JSON list, kept off the command line because they may hold passwords."""


def read_config(config_file: Path | None, sources: Sequence[str]) -> WorkerConfig:
    """
    Return the configuration with a camera added for each source.

    Raises `ConfigError` for a wrong configuration, `UsageError` for a file that is not there, and `StreamError` for one
    that holds no video. Network streams are not touched: a camera that is down must not stop the others.
    """
    config = load_config(config_file) if config_file is not None else WorkerConfig()
    for source in sources:
        url = SourceUrl(source)
        if url.is_file:
            _check_file(url, source)
    return config.with_sources(sources)


def run_worker(
    *,
    config: Path | None,
    sources: Sequence[str],
    data: Path,
    redis: str,
    api: str,
    worker_key_file: Path | None,
    node: str | None,
    stop: threading.Event,
) -> None:
    """Run a worker until `stop` is set."""
    from vision.worker import Worker, WorkerPlaces  # noqa: PLC0415 (loads the picture libraries)

    settings = read_config(config, [*sources, *json.loads(os.environ.get(SOURCES, "[]"))])
    if os.environ.get(DEMO) == "1":
        settings = settings.model_copy(update={"stream": settings.stream.model_copy(update={"loop": True})})
    places = WorkerPlaces(data=data, api_url=api, redis_url=redis, worker_key=_worker_key(worker_key_file), node=node)
    Worker(settings, places).run(stop)


def _worker_key(file: Path | None) -> str:
    if file is not None:
        return file.read_text(encoding="ascii").strip()
    key = os.environ.get("PLUMEWATCH_WORKER_KEY", "")
    if not key:
        raise UsageError("the worker needs its key: --worker-key-file FILE or PLUMEWATCH_WORKER_KEY")
    return key


def _check_file(url: SourceUrl, text: str) -> None:
    if "://" in text and not text.startswith("file://"):
        raise UsageError(f"{url.redacted}: no stream of that kind; known are rtsp, rtmp, http, srt, udp and files")
    if not url.path.exists():
        raise UsageError(f"{url.path}: no such file")
    from streams.probe import check_video  # noqa: PLC0415

    check_video(url, StreamSettings(pace=Pace.FREE))

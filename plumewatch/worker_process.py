"""The worker as a process of its own: its configuration read and checked, its places, its key."""

import json
import os
import re
import threading
from collections.abc import Sequence
from pathlib import Path

from api.contract.fields import one_line
from api.contract.source import SourceError, checked_source
from models.detector import UnknownModelError
from models.registry import Registry
from plumewatch.failures import UsageError
from streams.camera import NO_SUCH_KIND, Pace, SourceUrl, StreamSettings
from vision.config.worker import ConfigError, WorkerConfig, load_config

DEMO = "PLUMEWATCH_DEMO"
"""Set by the supervisor for demo scenes: files start again at their end, so that the wall always shows something."""


SOURCES = "PLUMEWATCH_SOURCES"
"""Set by the supervisor: the sources as a JSON list, kept off the command line because they may hold passwords."""


WORKERS = "workers"
"""Folder of the second and further workers of a site; the first one's data are in the site's data folder itself."""

REDIS = "PLUMEWATCH_REDIS_URL"
"""Names the bus to ``plumewatch api`` and ``worker``; the address may hold a password."""


def read_config(config_file: Path | None, sources: Sequence[str]) -> WorkerConfig:
    """
    Return the configuration with a camera added for each source.

    Raises `ConfigError` for a wrong configuration or a model that is not registered, `UsageError` for a file that is
    not there, and `StreamError` for one that holds no video. Network streams are not touched: a camera that is down
    must not stop the others.
    """
    config = load_config(config_file) if config_file is not None else WorkerConfig()
    try:
        Registry.load().model(config.detector.model)
    except UnknownModelError as error:
        raise ConfigError(f"detector.model: {error}") from error
    for source in sources:
        url = SourceUrl(source)
        if url.is_file:
            _check_file(url)
        try:
            checked_source(source)
        except SourceError as error:
            raise UsageError(f"{one_line(url.redacted)}: {error}") from error
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
    max_cameras: int | None,
    shard: str,
    stop: threading.Event,
) -> None:
    """
    Run a worker until `stop` is set.

    Of several worker processes on one machine each has a `shard` of the configured cameras, ``2/4`` for the second of
    four; the first makes all of them known to the API. Cameras that admins register are no part of that.
    """
    from vision.worker.worker import Worker, WorkerPlaces  # noqa: PLC0415 (loads the picture libraries)

    settings = read_config(config, [*sources, *json.loads(os.environ.get(SOURCES, "[]"))])
    if os.environ.get(DEMO) == "1":
        settings = settings.model_copy(update={"stream": settings.stream.model_copy(update={"loop": True})})
    if max_cameras is not None:
        settings = settings.model_copy(
            update={"worker": settings.worker.model_copy(update={"max_cameras": max_cameras})}
        )
    number, count = _shard(shard)
    watched = settings.model_copy(update={"cameras": settings.cameras[number - 1 :: count]})
    registered = settings if number == 1 else settings.model_copy(update={"cameras": ()})
    places = WorkerPlaces(data=data, api_url=api, redis_url=redis, worker_key=_worker_key(worker_key_file), node=node)
    Worker(watched, places, registered, processes=count).run(stop)


def _shard(text: str) -> tuple[int, int]:
    """Return number and count of ``2/4``; ``1, 1`` for an empty text."""
    found = re.fullmatch(r"(\d{1,3})/(\d{1,3})", text or "1/1")
    number, count = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= number <= count:
        raise UsageError(f"a shard is NUMBER/COUNT, as 2/4, not {text!r}")
    return number, count


def _worker_key(file: Path | None) -> str:
    """Return the worker's key; raise `UsageError` where there is none, or none that a request can carry."""
    if file is None:
        key, where = os.environ.get("PLUMEWATCH_WORKER_KEY", ""), "PLUMEWATCH_WORKER_KEY"
    else:
        key, where = file.read_text(encoding="utf-8", errors="replace"), str(file)
    key = key.strip()
    if not key and file is None:
        raise UsageError("the worker needs its key: --worker-key-file FILE or PLUMEWATCH_WORKER_KEY")
    if not re.fullmatch(r"[!-~]+", key):
        raise UsageError(f"{where}: holds no key of a worker, as plumewatch worker-key prints it")
    return key


def _check_file(url: SourceUrl) -> None:
    if url.has_unknown_scheme:
        raise UsageError(f"{url.redacted}: {NO_SUCH_KIND}")
    from streams.container import check_file  # noqa: PLC0415 (loads the picture libraries)
    from streams.probe import check_video  # noqa: PLC0415

    check_file(url)
    check_video(url, StreamSettings(pace=Pace.FREE))

"""A rejection on the wall becomes the worker's: a real API, a real bus, the camera's budget."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import httpx
import redis

from api.contract import bus as keys
from api.contract.shared_rows import SharedRows
from streams.camera import CameraId
from tests.api.conftest import (
    Posting,
    RunningApi,
    api,
    bus,
    enrolled,
    make_posting,
    operator,
    sample_lead,
    settings,
    signer,
    start_api,
    valkey_socket,
    worker,
)
from tests.api.contract.sample import LEAD_ID
from tests.api.fleet.test_reviews import decide, reconcile
from tests.vision.leads.test_budget_store import Analyser
from tests.vision.worker.test_watched import Runner, playing
from vision.analysis.analyser import CameraAnalyser
from vision.config.camera import CameraConfig
from vision.config.sections import BudgetConfig
from vision.leads.budget import Range
from vision.leads.budget_store import BudgetStore
from vision.worker.reviews import EVERY_S, ReviewReader, read_reviews
from vision.worker.watched import WatchedCamera

__all__ = [
    "api", "bus", "enrolled", "make_posting", "operator", "settings", "signer", "start_api", "valkey_socket", "worker",
]  # fmt: skip

CAMERA = CameraId(sample_lead().camera.id)
RULE = sample_lead().rule.id


def watching(folder: Path) -> tuple[BudgetStore, WatchedCamera]:
    """Return a worker's budgets with the sample's camera, whose lead's rule a budget may set."""
    config = CameraConfig(id=CAMERA, source="rtsp://gate/1", false_leads_a_day=1)
    budgets = BudgetStore(folder, BudgetConfig())
    analyser = Analyser(limits=Range(0.35, 0.5, rules=frozenset({RULE})))
    budgets.begin(config, analyser)
    return budgets, WatchedCamera(config, Runner(playing()), cast("CameraAnalyser", analyser), budgets)


def test_a_rejected_lead_is_in_the_budget_once(
    api: RunningApi,
    operator: httpx.Client,
    enrolled: httpx.Client,
    make_posting: Callable[..., Posting],
    bus: redis.Redis,
    tmp_path: Path,
) -> None:
    """Looked at again and again, over a bus that lost it, without the API, and after a restart it is one rejection."""
    budgets, watched = watching(tmp_path)
    reader = ReviewReader(bus, budgets, {CAMERA: watched}.get)
    assert make_posting().send(enrolled).status_code == 201
    decide(operator, LEAD_ID, "REJECTED_FALSE")
    reconcile(api)
    for now in range(5):
        reader.look(now * EVERY_S)
    told = budgets.report(CAMERA)
    assert told is not None
    assert (told.rejected, told.verified) == (1, 0)

    bus.flushall()
    reader.look(100 * EVERY_S)
    told = budgets.report(CAMERA)
    assert told is not None
    assert told.rejected == 1

    again, _ = watching(tmp_path)
    told = again.report(CAMERA)
    assert told is not None
    assert told.rejected == 1
    reconcile(api)
    reader.look(200 * EVERY_S)
    told = budgets.report(CAMERA)
    assert told is not None
    assert told.rejected == 1


def test_what_cannot_be_read_changes_nothing(bus: redis.Redis) -> None:
    """A list of another version is passed over for its camera alone; without the marker nothing is known."""
    assert read_reviews(bus, ["a"], SharedRows()) == {}
    bus.hset(keys.REVIEWS, mapping={keys.REVIEWS_MARKER: "1", "a": "[{}]"})
    assert read_reviews(bus, ["a", "b"], SharedRows()) == {"b": []}
    assert read_reviews(bus, [], SharedRows()) == {}

"""Vitals: what a worker says of itself is what its parts say."""

from api.contract.health import BATCH_BOUNDS_S
from models.detector import Runtime
from models.pool import DURATION_BOUNDS_S, PoolStats
from vision.evidence.sender import SenderStats
from vision.worker.case_thread import CaseStats
from vision.worker.vitals import Figures, Vitals


class Card:
    """A model's card."""

    name = "emissions-n"
    class_names = ("smoke", "fire")


class Engine:
    """A detector that is only looked at."""

    card = Card()
    runtime = Runtime("openvino", "2026.4", "CPU", "bf16")


OUTBOX = SenderStats(
    pending=2, oldest_age_s=7.04, parked=1, posted=9, rejected=1, retries=3, unauthorised=0, node_taken=0
)


def figures(pool: PoolStats = PoolStats()) -> Figures:  # noqa: B008 (frozen)
    return Figures(
        cameras=3,
        ring_bytes=1000,
        pool=pool,
        outbox=OUTBOX,
        cases=CaseStats(waits="no space", opened=10, finished=9),
        coverage_unsent=4,
    )


def test_a_worker_that_has_done_nothing_says_so() -> None:
    """No batches, and the process's own figures are there from the start."""
    health = Vitals("w1", Engine()).report(figures())  # type: ignore[arg-type]
    assert (health.worker, health.cameras, health.detector.batches) == ("w1", 3, {})
    assert health.detector.classes == ["smoke", "fire"]
    assert health.rss_bytes > 10_000_000
    assert health.threads >= 1
    assert health.cpus >= 1


def test_the_parts_figures_are_passed_on() -> None:
    """Batches by size and duration, outbox, evidence and coverage arrive as they are."""
    pool = PoolStats(
        batches=3,
        images=9,
        stale=2,
        failed=1,
        by_size={4: 2, 1: 1},
        durations=(1, 2, *[0] * (len(DURATION_BOUNDS_S) - 1)),
        busy_s=0.5,
        threads=1,
    )
    health = Vitals("w1", Engine()).report(figures(pool))  # type: ignore[arg-type]
    assert (health.detector.batches, health.detector.durations[:3]) == ({"1": 1, "4": 2}, [1, 2, 0])
    assert (health.detector.busy_s, health.detector.stale, health.detector.failed) == (0.5, 2, 1)
    assert (health.detector.model, health.detector.engine) == ("emissions-n", "openvino bf16")
    assert (health.outbox.pending, health.outbox.oldest_age_s, health.outbox.parked) == (2, 7.0, 1)
    assert (health.evidence.opened, health.evidence.waits, health.coverage_unsent) == (10, "no space", 4)


def test_the_classes_of_durations_are_the_pools() -> None:
    """The wire's bounds are those that the pool counts by: neither side may import the other."""
    assert BATCH_BOUNDS_S == DURATION_BOUNDS_S

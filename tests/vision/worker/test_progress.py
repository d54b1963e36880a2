"""Progress: the first stage of watching that stands still is what is wrong with a camera."""

from datetime import UTC, datetime

from api.contract.reasons import GapReason
from streams.runner import StreamState, StreamStatus
from streams.watch import WatchMode
from vision.coverage.account import Trouble
from vision.worker.progress import Progress, Stages, trouble_of

NOW = datetime(2026, 11, 24, tzinfo=UTC)
LIMIT_S = 5.0


def status(state: StreamState = StreamState.PLAYING, **fields: object) -> StreamStatus:
    return StreamStatus(state, NOW, **fields)  # type: ignore[arg-type]


def stages(seconds: int, **stops: int) -> Stages:
    """Let each stage move once a second until its stop, and look once a second."""
    progress = Progress(LIMIT_S)
    seen = Stages()
    for second in range(1, seconds + 1):
        counts = {
            name: min(second, stops.get(name, 0 if name == "failed" else seconds))
            for name in ("packets", "decoded", "analysed", "failed")
        }
        seen = progress.look(float(second), **counts)
    return seen


def test_nothing_yet_is_starting() -> None:
    """A camera that connects is starting; nothing has an age."""
    seen = Progress(LIMIT_S).look(1.0, packets=0, decoded=0, analysed=0, failed=0)
    assert seen == Stages()
    assert trouble_of(status(StreamState.CONNECTING), seen, LIMIT_S) == Trouble(GapReason.STARTING)


def test_all_stages_moving_is_no_trouble() -> None:
    """Ages are those of the last look that saw a count rise."""
    seen = stages(20)
    assert (seen.packets.age_s, seen.decoded.age_s, seen.analysed.age_s) == (0.0, 0.0, 0.0)
    assert trouble_of(status(), seen, LIMIT_S) is None


def test_each_stage_that_stands_still_is_named() -> None:
    """No packets, no pictures, no analyses, a failing detector: each by its own word, none before the limit."""
    table = {
        GapReason.NO_PACKETS: {"packets": 10, "decoded": 10, "analysed": 10},
        GapReason.NOT_DECODED: {"decoded": 10, "analysed": 10},
        GapReason.NOT_ANALYSED: {"analysed": 10},
        GapReason.ANALYSIS_FAILED: {"analysed": 10, "failed": 16},
    }
    for reason, stops in table.items():
        assert trouble_of(status(), stages(15, **stops), LIMIT_S) is None
        trouble = trouble_of(status(), stages(16, **stops), LIMIT_S)
        assert trouble is not None
        assert trouble.reason is reason


def test_a_stream_that_is_lost_says_why() -> None:
    """The stream's own state counts first, with its error."""
    trouble = trouble_of(status(StreamState.LOST, error="refused"), stages(20), LIMIT_S)
    assert trouble == Trouble(GapReason.STREAM_LOST, "refused")


def test_a_stage_gets_time_once_the_one_before_it_moves_again() -> None:
    """After an hour without packets the first one does not make decoding the culprit."""
    progress = Progress(LIMIT_S)
    progress.look(1.0, packets=1, decoded=1, analysed=1, failed=0)
    seen = progress.look(3600.0, packets=2, decoded=1, analysed=1, failed=0)
    assert trouble_of(status(), seen, LIMIT_S) is None
    for second in range(1, 7):
        seen = progress.look(3600.0 + second, packets=2 + second, decoded=1, analysed=1, failed=0)
    trouble = trouble_of(status(decode_errors=3), seen, LIMIT_S)
    assert trouble == Trouble(GapReason.NOT_DECODED, "3 damaged")


def test_sparse_key_frames_on_patrol_are_told_apart_from_damage() -> None:
    """A camera of long groups that is held on patrol is not broken: its key frames are too rare."""
    seen = stages(16, decoded=10, analysed=10)
    trouble = trouble_of(status(mode=WatchMode.PATROL, gop_s=12.0), seen, LIMIT_S)
    assert trouble == Trouble(GapReason.SPARSE_KEYFRAMES, "a key frame every 12.0 s")

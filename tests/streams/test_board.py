import threading
from datetime import UTC, datetime
from fractions import Fraction

import numpy as np

from streams.board import BACKLOG, FrameBoard
from streams.camera import CameraId, camera_id
from streams.frame import Frame
from streams.timing.clock import CaptureTime, UtcSource

A, B = camera_id("a"), camera_id("b")
IMAGE = np.zeros((2, 2, 3), np.uint8)


def frame(camera: CameraId, number: int) -> Frame:
    moment = datetime(2026, 11, 23, tzinfo=UTC)
    return Frame(camera, CaptureTime(Fraction(number), moment, UtcSource.ARRIVAL, 1.0, 0), IMAGE)


def board(*, waits: bool = False) -> FrameBoard:
    made = FrameBoard()
    made.add(A, waits=waits)
    made.add(B, waits=waits)
    return made


def numbers(frames: list[Frame]) -> list[tuple[str, int]]:
    return [(each.camera_id, int(each.time.pts_s)) for each in frames]


def test_an_empty_board_gives_nothing_in_time() -> None:
    """Taking from an empty board returns an empty list after the time-out."""
    assert board().take(4, 0.01) == []


def test_the_latest_frame_wins_and_the_loss_is_counted() -> None:
    """Nobody takes: each new frame replaces the one before."""
    live = board()
    for number in range(5):
        assert live.post(frame(A, number))
    assert numbers(live.take(4, 0)) == [("a", 4)]
    assert (live.dropped(A), live.posted(A), live.dropped(B)) == (4, 5, 0)


def test_one_frame_a_camera_is_in_flight() -> None:
    """The next frame of a camera is handed out only when the one before is done."""
    live = board()
    live.post(frame(A, 1))
    first = live.take(4, 0)
    assert numbers(first) == [("a", 1)]
    live.post(frame(A, 2))
    live.post(frame(B, 1))
    assert numbers(live.take(4, 0)) == [("b", 1)]
    assert not live.is_idle(A)
    live.done(first[0])
    second = live.take(4, 0)
    assert numbers(second) == [("a", 2)]
    live.done(second[0])
    assert live.is_idle(A)


def test_a_frame_of_a_camera_that_was_taken_off_is_none_of_the_next_one_s() -> None:
    """Added again, a camera has a frame of its own in flight, which the end of the old one does not set free."""
    live = board()
    live.post(frame(A, 3600))
    (old,) = live.take(1, 0)
    assert live.holds(old)
    live.remove(A)
    assert not live.holds(old)
    live.add(A)
    live.post(frame(A, 1))
    (new,) = live.take(1, 0)
    live.post(frame(A, 2))
    live.done(old)
    assert (live.holds(old), live.holds(new), live.waited_s(old)) == (False, True, 0.0)
    assert live.take(1, 0) == []
    live.done(new)
    assert (live.holds(new), numbers(live.take(1, 0))) == (False, [("a", 2)])


def test_who_waits_longest_is_taken_first() -> None:
    """A camera that replaces its frame keeps its place and does not push others back."""
    live = board()
    live.post(frame(A, 1))
    live.post(frame(B, 1))
    live.post(frame(A, 2))
    assert numbers(live.take(1, 0)) == [("a", 2)]
    assert numbers(live.take(1, 0)) == [("b", 1)]


def test_replay_loses_no_frame() -> None:
    """A waiting camera's post blocks until its slot is free: all frames arrive, in order."""
    replay = board(waits=True)
    thread = threading.Thread(target=lambda: [replay.post(frame(A, number)) for number in range(50)])
    thread.start()
    taken: list[tuple[str, int]] = []
    while len(taken) < 50:
        frames = replay.take(2, 5.0)
        taken += numbers(frames)
        for each in frames:
            replay.done(each)
    thread.join()
    assert taken == [("a", number) for number in range(50)]
    assert replay.dropped(A) == 0


def test_removing_a_camera_frees_its_waiting_post() -> None:
    """A stopping camera does not hang on a frame that nobody will take."""
    replay = board(waits=True)
    replay.post(frame(A, 1))
    results: list[bool] = []
    thread = threading.Thread(target=lambda: results.append(replay.post(frame(A, 2))))
    thread.start()
    replay.remove(A)
    thread.join(5)
    assert results == [False]
    assert not replay.post(frame(A, 3))


def test_closing_wakes_everybody() -> None:
    """A closed board gives no frames and takes none."""
    replay = board(waits=True)
    taken: list[list[Frame]] = []
    thread = threading.Thread(target=lambda: taken.append(replay.take(1, 60)))
    thread.start()
    replay.close()
    thread.join(5)
    assert taken == [[]]
    assert not replay.post(frame(A, 1))


def test_a_frame_in_flight_tells_how_long_it_waited() -> None:
    """Waiting is counted from the post of the very frame that is in flight, whatever the camera's clock says."""
    now = [100.0]
    live = FrameBoard(monotonic=lambda: now[0])
    live.add(A)
    live.post(frame(A, 1))
    now[0] += 3.0
    newer = frame(A, 2)
    live.post(newer)
    now[0] += 0.5
    assert live.waited_s(newer) == 0.0
    assert live.take(1, 0) == [newer]
    assert live.waited_s(newer) == 0.5
    now[0] += 1.0
    live.post(frame(A, 3))
    assert live.waited_s(newer) == 1.5
    live.done(newer)
    assert live.waited_s(newer) == 0.0
    assert live.waited_s(frame(B, 1)) == 0.0


def test_a_backlog_is_kept_in_order() -> None:
    """Frames of the past, and those that come while they wait, are all handed out, oldest first, one at a time."""
    live = board()
    live.post(frame(A, 1))
    for number in (2, 3):
        live.post(frame(A, number), is_backlog=True)
    live.post(frame(A, 4))
    seen = []
    while frames := live.take(4, 0):
        seen += numbers(frames)
        live.done(frames[0])
    assert seen == [("a", 1), ("a", 2), ("a", 3), ("a", 4)]
    assert live.dropped(A) == 0


def test_after_a_backlog_the_latest_frame_wins_again() -> None:
    """Once it has caught up a camera has one place."""
    live = board()
    live.post(frame(A, 1), is_backlog=True)
    live.done(live.take(1, 0)[0])
    live.post(frame(A, 2))
    live.post(frame(A, 3))
    assert numbers(live.take(4, 0)) == [("a", 3)]
    assert live.dropped(A) == 1


def test_a_backlog_is_bounded() -> None:
    """Beyond its bound the oldest frames are dropped and counted."""
    live = board()
    for number in range(BACKLOG + 5):
        live.post(frame(A, number), is_backlog=True)
    assert numbers(live.take(1, 0)) == [("a", 5)]
    assert live.dropped(A) == 5


def test_who_catches_up_does_not_hold_back_the_others() -> None:
    """After each frame of a backlog it is the other cameras' turn."""
    live = board()
    for number in (1, 2):
        live.post(frame(A, number), is_backlog=True)
    live.post(frame(B, 1))
    (first,) = live.take(1, 0)
    live.done(first)
    assert numbers([first, *live.take(2, 0)]) == [("a", 1), ("b", 1), ("a", 2)]

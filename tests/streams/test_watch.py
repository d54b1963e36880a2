from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Any

from streams.camera import StreamSettings, WatchPolicy
from streams.frame import Frame, Packet
from streams.ring import PacketRing
from streams.watch import Watch, WatchMode, WatchReason
from tests.streams.conftest import MakeClip, packets_of
from tests.streams.media import number_of


class Stage:
    """A watch with its ring, fed as a runner feeds them."""

    def __init__(self, gate: "Gate | None" = None, **settings: Any) -> None:
        chosen = StreamSettings(**settings)
        self.ring = PacketRing(chosen.ring_s, chosen.ring_max_bytes)
        self.watch = Watch(chosen, self.ring, gate=gate)

    def play(self, packets: Iterable[Packet], *, keeps_up: bool = True) -> list[Frame]:
        """Show packets to the watch; return the frames."""
        frames = []
        for packet in packets:
            self.ring.append(packet)
            frames += self.watch.frames(packet, keeps_up=keeps_up)
        return frames


class Gate:
    """Notes who goes in and out; a crowded one lets in only those who wait for ever."""

    def __init__(self, *, is_crowded: bool = False) -> None:
        self._is_crowded = is_crowded
        self.held: list[str] = []

    def acquire(self, *, timeout: float | None = None) -> bool:
        if self._is_crowded and timeout is not None:
            return False
        self.held.append("in")
        return True

    def release(self) -> None:
        self.held.append("out")


def numbers(frames: list[Frame]) -> list[int]:
    return [number_of(frame.image) for frame in frames]


def test_a_watch_without_packets() -> None:
    """Before the first picture a camera is on patrol and nothing is known of its key frames."""
    status = Stage().watch.status()
    assert (status.mode, status.reason, status.gop_s, status.decoded) == (WatchMode.PATROL, WatchReason.USUAL, 0.0, 0)


def test_patrol_decodes_a_key_frame_an_interval(clip: MakeClip) -> None:
    """Of key frames every second one in two is decoded, and nothing else."""
    stage = Stage(patrol_interval_s=2.0)
    assert numbers(stage.play(packets_of(clip(".mp4", seconds=6)))) == [0, 50, 100]
    status = stage.watch.status()
    assert (status.decoded, status.gop_s, status.skipped) == (3, 1.0, 0)


def test_key_frames_that_come_a_little_early_count(clip: MakeClip) -> None:
    """Groups of 1.96 s at an interval of 2 s are decoded each: waiting for the next would halve the watch."""
    packets = packets_of(clip(".mp4", seconds=8, gop=49))
    assert numbers(Stage(patrol_interval_s=2.0).play(packets)) == [0, 49, 98, 147, 196]


def test_motion_jpeg_is_thinned_out(clip: MakeClip) -> None:
    """A stream of nothing but key frames is decoded once an interval on average."""
    packets = packets_of(clip(".avi", codec="mjpeg", seconds=9))
    chosen = numbers(Stage(patrol_interval_s=2.0).play(packets))
    assert chosen == [0, 38, 88, 138, 188]


def test_focus_goes_back_to_the_sign(clip: MakeClip) -> None:
    """What was received since the sign is decoded at once, the key frame that was seen is not repeated."""
    packets = packets_of(clip(".mp4", seconds=5))
    stage = Stage(patrol_interval_s=1.0, analysis_fps=5.0)
    assert numbers(stage.play(packets[:60])) == [0, 25, 50]
    stage.watch.focus(WatchReason.SIGN, packets[50].time)
    caught_up = stage.watch.frames(packets[60]) if stage.ring.append(packets[60]) is None else []
    assert numbers(caught_up) == [55, 60]
    assert numbers(stage.play(packets[61:75])) == [65, 70]
    assert stage.watch.status().reason is WatchReason.SIGN


def test_focus_reaches_over_several_groups(clip: MakeClip) -> None:
    """A sign that was recognised late is followed from its own key frame, never before what was seen last."""
    packets = packets_of(clip(".mp4", seconds=5))
    stage = Stage(patrol_interval_s=3.0, analysis_fps=5.0)
    assert numbers(stage.play(packets[:70])) == [0]
    stage.watch.focus(WatchReason.SIGN, packets[0].time)
    assert numbers(stage.play(packets[70:71])) == list(range(5, 71, 5))


def test_after_focus_the_next_key_frame_is_decoded(clip: MakeClip) -> None:
    """Back on patrol nothing is decoded before a key frame, and that one at once."""
    packets = packets_of(clip(".mp4", seconds=5))
    stage = Stage(analysis_fps=5.0)
    stage.watch.focus(WatchReason.LEAD, packets[0].time)
    stage.play(packets[:40])
    stage.watch.relax(WatchReason.WAITING)
    assert numbers(stage.play(packets[40:])) == [50, 100]
    assert (stage.watch.status().mode, stage.watch.status().reason) == (WatchMode.PATROL, WatchReason.WAITING)


def test_focus_before_any_key_frame_waits_for_one(clip: MakeClip) -> None:
    """A stream entered in the middle of a group gives nothing until its key frame, and no error."""
    packets = packets_of(clip(".mp4", seconds=2))
    stage = Stage(watch=WatchPolicy.FOCUS, analysis_fps=5.0)
    assert numbers(stage.play(packets[10:40])) == [25, 30, 35]
    assert stage.watch.errors == 0


def test_a_long_group_is_not_patrolled(clip: MakeClip) -> None:
    """Once a group is longer than the limit the camera is in focus, before the group has ended, and says why."""
    packets = packets_of(clip(".mp4", seconds=8, gop=200))
    stage = Stage(patrol_limit_s=3.0, analysis_fps=1.0)
    assert numbers(stage.play(packets[:78])) == [0]
    assert numbers(stage.play(packets[78:80])) == [25, 50, 75]
    status = stage.watch.status()
    assert (status.mode, status.reason) == (WatchMode.FOCUS, WatchReason.LONG_GOP)
    assert 3.15 < status.gop_s < 3.25


def test_groups_at_the_limit_are_patrolled(clip: MakeClip) -> None:
    """Key frames every 2 s at a limit of 1.96 s are near enough: one picture more or less is no other camera."""
    stage = Stage(patrol_limit_s=1.96)
    assert numbers(stage.play(packets_of(clip(".mp4", seconds=5, gop=50)))) == [0, 50, 100]
    assert stage.watch.status().reason is WatchReason.USUAL


def test_short_groups_bring_the_patrol_back(clip: MakeClip) -> None:
    """A camera whose encoder is set right goes on patrol after four short groups."""
    long, short = packets_of(clip(".mp4", seconds=4, gop=100)), packets_of(clip(".mp4", seconds=8))
    later = [
        replace(p, time=replace(p.time, pts_s=p.time.pts_s + 4), pts=p.pts + 4 * 12800, dts=p.dts + 4 * 12800)
        for p in short
    ]
    stage = Stage(patrol_limit_s=3.0)
    stage.play([*long, *later[:76]])
    assert stage.watch.status().reason is WatchReason.LONG_GOP
    stage.play(later[76:])
    assert (stage.watch.status().mode, stage.watch.status().gop_s) == (WatchMode.PATROL, 1.0)


def test_missing_packets_are_no_long_group(clip: MakeClip) -> None:
    """Where packets were lost up to a key frame nothing is said of the camera's groups, and it stays on patrol."""
    packets = packets_of(clip(".mp4", seconds=14, gop=25))
    stage = Stage(patrol_interval_s=1.0, patrol_limit_s=3.0)
    stage.play(packets[:60] + packets[200:])
    status = stage.watch.status()
    assert (status.mode, status.gop_s) == (WatchMode.PATROL, 1.0)
    assert status.undelivered == 140


def test_a_stream_that_starts_again_lacks_no_pictures(clip: MakeClip) -> None:
    """What lies between two epochs is no hole: nobody knows how many pictures there were."""
    packets = packets_of(clip(".mp4", seconds=4))
    stage = Stage()
    stage.play(packets[:25] + [replace(p, time=replace(p.time, epoch=1)) for p in packets[75:]])
    assert stage.watch.status().undelivered == 0


def test_a_camera_that_becomes_slow_is_measured_again(clip: MakeClip) -> None:
    """A camera that sends a twelfth of its pictures from now on has long groups, and is believed after some of them."""
    packets = packets_of(clip(".mp4", seconds=24, gop=60))
    slow = [packet for packet in packets[180:] if packet.is_keyframe or (packet.pts // packet.duration) % 12 == 0]
    stage = Stage(patrol_interval_s=1.0, patrol_limit_s=2.0)
    stage.play(packets[:180] + slow)
    assert stage.watch.status().gop_s == 2.4


def test_an_operator_may_insist_on_patrol(clip: MakeClip) -> None:
    """With ``watch = "patrol"`` neither signs nor long groups bring focus."""
    packets = packets_of(clip(".mp4", seconds=4, gop=100))
    stage = Stage(watch=WatchPolicy.PATROL, patrol_limit_s=1.0)
    stage.watch.focus(WatchReason.SIGN, packets[0].time)
    assert numbers(stage.play(packets)) == [0]
    assert stage.watch.status().reason is WatchReason.CONFIGURED


def test_focus_that_cannot_keep_up_skips_to_key_frames(clip: MakeClip) -> None:
    """What is left out is counted; decoding goes on at a key frame."""
    packets = packets_of(clip(".mp4", seconds=3))
    stage = Stage(watch=WatchPolicy.FOCUS, analysis_fps=25.0)
    stage.play(packets[:5])
    assert numbers(stage.play(packets[5:30], keeps_up=False)) == [25]
    assert numbers(stage.play(packets[30:52])) == [50, 51]
    assert stage.watch.status().skipped == 24 + 20


def test_a_new_epoch_begins_with_its_key_frame(clip: MakeClip) -> None:
    """After a reconnect the first key frame is decoded whatever the interval says."""
    packets = packets_of(clip(".mp4", seconds=1))
    stage = Stage()
    again = [replace(packet, time=replace(packet.time, epoch=1)) for packet in packets]
    assert numbers(stage.play(packets) + stage.watch.end() + stage.play(again)) == [0, 0]


def test_the_end_of_a_file_is_not_left_out(clip: MakeClip) -> None:
    """A file with a single key frame is decoded to its end by the patrol, a stream that was lost is not."""
    packets = packets_of(clip(".mp4", seconds=2, gop=100))
    file, camera = Stage(analysis_fps=5.0), Stage(analysis_fps=5.0)
    assert numbers(file.play(packets) + file.watch.end(catches_up=True)) == list(range(0, 50, 5))
    assert numbers(camera.play(packets) + camera.watch.end()) == [0]
    assert Stage().watch.end(catches_up=True) == []


def test_decoding_in_one_go_is_gated(clip: MakeClip) -> None:
    """Key frames and catching up hold the gate, so that a thousand cameras never decode at once."""
    gate = Gate()
    stage = Stage(gate)
    stage.play(packets_of(clip(".mp4", seconds=1)))
    assert gate.held == ["in", "out"]


def test_a_patrol_without_a_turn_in_time_leaves_its_key_frame_to_the_next(clip: MakeClip) -> None:
    """Where no place to decode comes free, every other key frame is decoded, and each one left out is counted."""
    stage = Stage(Gate(is_crowded=True), patrol_interval_s=1.0, patrol_limit_s=2.5)
    assert numbers(stage.play(packets_of(clip(".mp4", seconds=6)))) == [0, 50, 100]
    assert stage.watch.status().passed_over == 3


def test_a_patrol_waits_for_its_turn_where_the_next_would_be_too_late(clip: MakeClip) -> None:
    """With key frames as far apart as the limit allows none is left out, whatever the wait."""
    stage = Stage(Gate(is_crowded=True), patrol_interval_s=2.0, patrol_limit_s=3.0)
    assert numbers(stage.play(packets_of(clip(".mp4", seconds=6, gop=50)))) == [0, 50, 100]
    assert stage.watch.status().passed_over == 0


def test_the_interval_is_kept_on_average(clip: MakeClip) -> None:
    """Of groups of 1.2 s as many are decoded as an interval of 2 s asks for: now every second, now the next."""
    packets = packets_of(clip(".mp4", seconds=12, gop=30))
    times = [float(frame.time.pts_s) for frame in Stage(patrol_interval_s=2.0).play(packets)]
    assert times == [0.0, 2.4, 3.6, 6.0, 8.4, 9.6]


def spoilt(packets: list[Packet], key_frames: range) -> list[Packet]:
    """The packets, those key frames (by their number) unreadable."""
    keys = [packet.pts for packet in packets if packet.is_keyframe]
    wanted = {keys[number] for number in key_frames}
    return [replace(packet, data=b"\0" * len(packet.data)) if packet.pts in wanted else packet for packet in packets]


def test_damaged_key_frames_keep_a_camera_in_focus_for_a_while_only(clip: MakeClip) -> None:
    """Three key frames without a picture bring focus; after thirty more one is tried, gives one, and patrol is back."""
    packets = spoilt(packets_of(clip(".mp4", seconds=10, gop=5)), range(3, 6))
    stage = Stage(patrol_interval_s=0.2, analysis_fps=1.0)
    stage.play(packets[: 6 * 5 + 1])
    status = stage.watch.status()
    assert (status.mode, status.reason, stage.watch.takes_turns) == (WatchMode.FOCUS, WatchReason.LONG_GOP, False)
    stage.play(packets[6 * 5 + 1 : 35 * 5])
    assert stage.watch.status().mode is WatchMode.FOCUS
    assert numbers(stage.play(packets[35 * 5 : 37 * 5])) == [175, 180]
    status = stage.watch.status()
    assert (status.mode, status.reason, stage.watch.takes_turns) == (WatchMode.PATROL, WatchReason.USUAL, True)


def test_a_camera_that_refreshes_line_by_line_is_tried_ever_less(clip: MakeClip) -> None:
    """Its key frames give nothing at the trial either: it goes on in focus, and loses a second of pictures to it."""
    packets = packets_of(clip(".ts", seconds=10.0, gop=5, params="intra-refresh=1:keyint=5"))
    stage = Stage(patrol_interval_s=0.2, analysis_fps=5.0)
    shown = numbers(stage.play(packets))
    assert stage.watch.status().reason is WatchReason.LONG_GOP
    assert shown[-1] > 240
    assert max(later - earlier for earlier, later in pairwise(shown[1:])) <= 25


def test_a_stream_that_comes_again_is_tried_on_patrol(clip: MakeClip) -> None:
    """What its key frames gave before the loss is doubted at once, for one key frame."""
    packets = packets_of(clip(".mp4", seconds=4, gop=5))
    stage = Stage(patrol_interval_s=0.2, analysis_fps=1.0)
    stage.play(spoilt(packets, range(5))[:25])
    assert stage.watch.status().mode is WatchMode.FOCUS
    stage.watch.end()
    again = [replace(packet, time=replace(packet.time, epoch=1)) for packet in packets]
    assert numbers(stage.play(again[:6])) == [0, 5]
    assert stage.watch.status().mode is WatchMode.PATROL

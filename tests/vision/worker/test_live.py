"""Live tiles on a real bus: nothing unless somebody watches, then a stream that a browser can join."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import redis

from api.contract import bus
from api.contract.wire.live import LiveClock, LiveInit, OverlayBox, OverlayMessage
from streams.camera import camera_id
from streams.frame import Frame, Packet
from streams.ring import PacketRing
from tests.e2e.waiting import wait_for
from tests.streams.media import make_clip, picture
from tests.vision.staged import CAMERA, read_packets
from vision.worker.live import LivePublisher

GATE = CAMERA.id


@pytest.fixture(scope="module")
def packets(tmp_path_factory: pytest.TempPathFactory) -> list[Packet]:
    """Six seconds of a camera, a key frame a second."""
    return read_packets(make_clip(tmp_path_factory.mktemp("live") / "clip.mp4", seconds=6))


@pytest.fixture
def ring(packets: list[Packet]) -> PacketRing:
    """A ring that has received the first three and a half seconds."""
    kept = PacketRing(60, 1 << 24)
    for packet in packets[:88]:
        kept.append(packet)
    return kept


@pytest.fixture
def publisher(client: redis.Redis, ring: PacketRing) -> Iterator[LivePublisher]:
    """A publisher of one camera."""
    live = LivePublisher(client, lambda _: ring.latest_gop())
    live.add(GATE)
    live.start()
    yield live
    live.stop()


def entries(client: redis.Redis) -> list[dict[bytes, bytes]]:
    """What is on the camera's live stream."""
    return [fields for _, fields in client.xrange(bus.live_key(GATE))]  # type: ignore[union-attr]


def watch(client: redis.Redis, publisher: LivePublisher) -> None:
    """Let somebody watch, and wait until the publisher has noticed."""
    client.set(bus.wanted_key(GATE), b"1", ex=bus.WANTED_TTL_S)
    wait_for("the viewer is noticed", lambda: publisher.is_wanted(GATE), 10, 0.05)


def test_nothing_is_published_while_nobody_watches(
    client: redis.Redis, publisher: LivePublisher, packets: list[Packet]
) -> None:
    """Packets of an unwatched camera cost nothing on the bus; its snapshot is there all the same."""
    for packet in packets:
        publisher.on_packet(packet)
    publisher.on_analysed(Frame(GATE, packets[0].time, picture(0)), [])
    wait_for("the snapshot is there", lambda: client.exists(bus.snapshot_key(GATE)), 10)
    assert entries(client) == []
    assert client.hget(bus.snapshot_key(GATE), "jpeg")[:3] == b"\xff\xd8\xff"  # type: ignore[index]


def test_a_new_viewer_starts_at_the_newest_key_frame(
    client: redis.Redis, publisher: LivePublisher, packets: list[Packet]
) -> None:
    """The tile starts from the ring: initialisation, then a fragment that begins with a key frame, without waiting."""
    watch(client, publisher)
    for packet in packets[88:120]:
        publisher.on_packet(packet)
    wait_for("two fragments", lambda: len([e for e in entries(client) if e[b"kind"] == b"media"]) >= 2, 10)
    found = entries(client)
    init = LiveInit.model_validate_json(found[0][b"data"])
    assert (found[0][b"kind"], init.width, init.height) == (b"init", 320, 240)
    assert init.mime.startswith('video/mp4; codecs="avc1.')
    assert found[0][b"segment"][4:8] == b"ftyp"
    first = next(entry for entry in found if entry[b"kind"] == b"media")
    assert first[b"key"] == b"1"
    clock = LiveClock.model_validate_json(next(e[b"data"] for e in found if e[b"kind"] == b"message"))
    started = next(packet for packet in packets if packet.is_keyframe and packet.time.pts_s >= 3)
    assert (clock.utc - started.time.utc).total_seconds() == pytest.approx(clock.media_s, abs=0.05)


def test_boxes_carry_the_media_time_of_their_picture(
    client: redis.Redis, publisher: LivePublisher, packets: list[Packet]
) -> None:
    """An overlay's media time is that of the frame it was seen in, on the tile's own time line."""
    watch(client, publisher)
    for packet in packets[88:120]:
        publisher.on_packet(packet)
    seen = packets[100]
    box = OverlayBox(xyxy=(1, 2, 30, 40), class_name="smoke", confidence=0.5, track=1, state="candidate")
    publisher.on_analysed(Frame(GATE, seen.time, picture(100)), [box])

    def overlay() -> OverlayMessage | None:
        texts = [entry[b"data"] for entry in entries(client) if entry[b"kind"] == b"message"]
        found = [text for text in texts if json.loads(text)["type"] == "overlay"]
        return OverlayMessage.model_validate_json(found[0]) if found else None

    message = wait_for("the overlay", overlay, 10)
    start = next(packet for packet in packets if packet.is_keyframe and packet.time.pts_s >= 3)
    assert message.media_s == pytest.approx(seen.time.seconds_since(start.time), abs=0.05)
    assert (message.boxes, message.width, message.height) == ([box], 320, 240)


def test_a_camera_that_is_removed_is_forgotten(client: redis.Redis, publisher: LivePublisher) -> None:
    """After remove a camera is not wanted, whatever the bus says; others go on."""
    watch(client, publisher)
    publisher.remove(GATE)
    assert not publisher.is_wanted(GATE)
    publisher.add(camera_id("other"))
    client.set(bus.wanted_key("other"), b"1", ex=bus.WANTED_TTL_S)
    wait_for("the other viewer is noticed", lambda: publisher.is_wanted(camera_id("other")), 10, 0.05)


def test_the_beginning_of_a_long_tile_is_still_found(
    client: redis.Redis, publisher: LivePublisher, packets: list[Packet]
) -> None:
    """What starts a tile has a key of its own, as long as the tile runs: the capped stream may have lost it."""
    watch(client, publisher)
    for packet in packets[88:120]:
        publisher.on_packet(packet)
    wait_for("a fragment", lambda: [e for e in entries(client) if e[b"kind"] == b"media"], 10)
    client.xtrim(bus.live_key(GATE), maxlen=1, approximate=False)
    kept = client.hgetall(bus.init_key(GATE))
    assert LiveInit.model_validate_json(kept[b"data"]).width == 320  # type: ignore[index,arg-type]
    assert kept[b"segment"][4:8] == b"ftyp"  # type: ignore[index]
    assert client.ttl(bus.init_key(GATE)) > 0  # type: ignore[operator]


def test_a_packet_that_cannot_be_muxed_costs_one_tile_a_moment(
    client: redis.Redis, publisher: LivePublisher, packets: list[Packet]
) -> None:
    """After a packet that the muxer refuses the tile says so and starts anew at the next key frame."""
    watch(client, publisher)
    again = replace(packets[89], dts=packets[88].dts, pts=packets[88].pts)
    for packet in [packets[88], packets[89], again, *packets[90:140]]:
        publisher.on_packet(packet)

    def starts() -> list[dict[bytes, bytes]] | None:
        found = [entry for entry in entries(client) if entry[b"kind"] == b"init"]
        return found if len(found) > 1 else None

    wait_for("the tile starts anew", starts, 10)
    messages = [json.loads(entry[b"data"]) for entry in entries(client) if entry[b"kind"] == b"message"]
    assert {"type": "end", "epoch": 0, "reason": "packet cannot be shown"} in messages


def test_a_tile_that_cannot_start_costs_no_other_camera_its_own(
    client: redis.Redis, ring: PacketRing, packets: list[Packet]
) -> None:
    """A fault over one camera's ring ends neither the thread nor that tile, which starts at the next key frame."""
    broken = camera_id("broken")

    def newest_gop(camera: str) -> tuple[Packet, ...]:
        if camera == broken:
            raise ValueError("no packet of this ring makes sense")
        return ring.latest_gop()

    live = LivePublisher(client, newest_gop)
    live.add(broken)
    live.add(GATE)
    live.start()
    client.set(bus.wanted_key(broken), b"1", ex=60)
    watch(client, live)
    for packet in packets[88:140]:
        live.on_packet(packet)
        live.on_packet(replace(packet, camera_id=broken))
    wait_for("the sound tile", lambda: client.exists(bus.live_key(GATE)), 10)
    wait_for("the other one", lambda: client.exists(bus.live_key(broken)), 10)
    live.stop()


def test_a_codec_that_mp4_cannot_hold_is_told_once(client: redis.Redis, tmp_path: Path) -> None:
    """VP8 has no tile: viewers get an initialisation without a segment that names it, and nothing more."""
    packets = read_packets(make_clip(tmp_path / "a.webm", codec="libvpx", seconds=3))
    live = LivePublisher(client, lambda _: ())
    live.add(GATE)
    live.start()
    watch(client, live)
    for packet in packets:
        live.on_packet(packet)
    wait_for("the initialisation is there", lambda: entries(client), 10)
    live.stop()
    found = [(entry[b"kind"], entry[b"segment"]) for entry in entries(client)]
    init = LiveInit.model_validate_json(entries(client)[0][b"data"])
    assert (found, init.mime) == ([(b"init", b"")], "video/x-vp8")
    assert 0 < client.ttl(bus.live_key(GATE)) <= 60  # type: ignore[operator]  # not asynchronous

"""Live tiles over a WebSocket, from a real Valkey stream."""

import itertools
import json
import time
from collections.abc import Iterator

import httpx
import pytest
import redis
import structlog
from websockets.exceptions import ConnectionClosed

from api.contract.bus import LIVE_MAXLEN, init_key, live_key, wanted_key
from tests.api.conftest import RunningApi
from tests.api.routes.test_events import open_socket

CAMERA = "gate-3"
KEY = live_key(CAMERA)


def init_of(epoch: int) -> dict[str, str | bytes]:
    """An initialisation as a worker writes it."""
    document = {"type": "init", "epoch": epoch, "mime": "video/mp4; codecs=avc1", "width": 640, "height": 360}
    return {"data": json.dumps(document), "segment": f"segment-{epoch}".encode()}


def add_init(bus: redis.Redis, epoch: int) -> None:
    """What a worker writes to the stream when a tile starts."""
    bus.xadd(KEY, {"kind": "init", **init_of(epoch)})


def keep_init(bus: redis.Redis, epoch: int) -> None:
    """What a worker writes beside the stream when a tile starts."""
    bus.hset(init_key(CAMERA), mapping={**init_of(epoch), "epoch": epoch})


def add_media(bus: redis.Redis, data: bytes, *, key: bool) -> None:
    """What a worker writes for each fragment."""
    bus.xadd(KEY, {"kind": "media", "data": data, "key": "1" if key else "0"}, maxlen=LIVE_MAXLEN, approximate=False)


def add_message(bus: redis.Redis, kind: str, media_s: float) -> None:
    """What a worker writes for boxes and clocks."""
    bus.xadd(KEY, {"kind": "message", "data": json.dumps({"type": kind, "epoch": 1, "media_s": media_s})})


@pytest.fixture
def page(api: RunningApi, operator: httpx.Client) -> Iterator[tuple[RunningApi, httpx.Client]]:
    """A page of the wall."""
    return api, operator


def test_a_viewer_starts_at_the_newest_key_frame(page: tuple[RunningApi, httpx.Client], bus: redis.Redis) -> None:
    """Init and its segment, the last clock before the key frame, the key frame, and everything after it in order."""
    add_init(bus, 1)
    add_media(bus, b"old key", key=True)
    add_message(bus, "clock", 1.0)
    add_message(bus, "overlay", 1.1)
    for _ in range(40):
        add_media(bus, b"old", key=False)
    add_media(bus, b"new key", key=True)
    add_message(bus, "overlay", 2.0)
    add_media(bus, b"delta", key=False)
    with open_socket(*page, f"/v1/cameras/{CAMERA}/live", page[0].url) as viewer:
        got = [viewer.recv(timeout=10) for _ in range(6)]
        add_media(bus, b"next", key=False)
        got.append(viewer.recv(timeout=10))
        assert bus.get(wanted_key(CAMERA)) == b"1"
        assert 0 < bus.ttl(wanted_key(CAMERA)) <= 10
    assert [item for item in got if isinstance(item, bytes)] == [b"segment-1", b"new key", b"delta", b"next"]
    texts = [json.loads(item) for item in got if isinstance(item, str)]
    assert [(t["type"], t.get("media_s")) for t in texts] == [("init", None), ("clock", 1.0), ("overlay", 2.0)]
    assert isinstance(got[0], str), "the init message comes before its segment"
    assert got[1] == b"segment-1"


def add_ten_minutes(bus: redis.Redis) -> None:
    """A live stream of which the initialisation has fallen off."""
    add_init(bus, 1)
    for number in range(LIVE_MAXLEN + 100):
        add_media(bus, b"%03d" % number, key=number % 50 == 0)
        if number % 50 == 40:
            add_message(bus, "clock", float(number))
    kinds = {fields[b"kind"] for _, fields in bus.xrange(KEY)}  # type: ignore[union-attr]
    assert kinds == {b"media", b"message"}


def test_a_viewer_that_comes_after_ten_minutes_plays(page: tuple[RunningApi, httpx.Client], bus: redis.Redis) -> None:
    """The initialisation that fell off the stream comes from its own key, then the newest key frame and the rest."""
    keep_init(bus, 1)
    add_ten_minutes(bus)
    with open_socket(*page, f"/v1/cameras/{CAMERA}/live", page[0].url) as viewer:
        got = [viewer.recv(timeout=10) for _ in range(6)]
    assert isinstance(got[0], str)
    assert (json.loads(got[0])["type"], got[1]) == ("init", b"segment-1")
    assert isinstance(got[2], str)
    assert json.loads(got[2]) == {"type": "clock", "epoch": 1, "media_s": 640.0}
    assert got[3:] == [b"650", b"651", b"652"]


@pytest.mark.parametrize("kept", [None, 2])
def test_an_init_of_another_epoch_starts_nothing(
    page: tuple[RunningApi, httpx.Client], bus: redis.Redis, kept: int | None
) -> None:
    """Without an initialisation of the fragments' own epoch a viewer gets nothing until the stream brings one."""
    if kept is not None:
        keep_init(bus, kept)
    add_ten_minutes(bus)
    with open_socket(*page, f"/v1/cameras/{CAMERA}/live", page[0].url) as viewer:
        wait_until_wanted(bus)
        with pytest.raises(TimeoutError):
            viewer.recv(timeout=0.5)
        add_init(bus, 2)
        add_media(bus, b"key 2", key=True)
        got = [viewer.recv(timeout=10) for _ in range(3)]
    assert got[1:] == [b"segment-2", b"key 2"]


def test_an_init_after_the_newest_key_frame_wins(page: tuple[RunningApi, httpx.Client], bus: redis.Redis) -> None:
    """A tile that has just started again: the new initialisation, and no fragment of the old one."""
    keep_init(bus, 1)
    add_ten_minutes(bus)
    add_init(bus, 2)
    with open_socket(*page, f"/v1/cameras/{CAMERA}/live", page[0].url) as viewer:
        got = [viewer.recv(timeout=10) for _ in range(2)]
        add_media(bus, b"key 2", key=True)
        got.append(viewer.recv(timeout=10))
    assert got[1:] == [b"segment-2", b"key 2"]


def wait_until_wanted(bus: redis.Redis) -> None:
    """Wait until a viewer has said that it is there."""
    deadline = time.monotonic() + 10
    while not bus.exists(wanted_key(CAMERA)) and time.monotonic() < deadline:
        time.sleep(0.01)


def test_a_viewer_waits_for_the_worker(page: tuple[RunningApi, httpx.Client], bus: redis.Redis) -> None:
    """A viewer that comes before the worker publishes gets nothing until init, then from the first key frame on."""
    with open_socket(*page, f"/v1/cameras/{CAMERA}/live", page[0].url) as viewer:
        wait_until_wanted(bus)
        add_media(bus, b"before init", key=True)
        add_init(bus, 2)
        got = [viewer.recv(timeout=10) for _ in range(2)]  # it now waits: what comes next is no start to look for
        add_media(bus, b"not a key frame", key=False)
        add_media(bus, b"key", key=True)
        add_init(bus, 3)
        add_media(bus, b"of the old epoch", key=False)
        add_media(bus, b"key 3", key=True)
        got += [viewer.recv(timeout=10) for _ in range(4)]
    assert [item for item in got if isinstance(item, bytes)] == [b"segment-2", b"key", b"segment-3", b"key 3"]


@pytest.mark.parametrize("length", [600, 45])
def test_a_slow_viewer_is_moved_to_the_newest_key_frame(
    page: tuple[RunningApi, httpx.Client], bus: redis.Redis, length: int
) -> None:
    """A viewer that does not read is not queued for: when it reads again, it soon gets the newest fragments."""
    keep_init(bus, 1)
    add_init(bus, 1)
    add_media(bus, b"first", key=True)
    with open_socket(*page, f"/v1/cameras/{CAMERA}/live", page[0].url) as viewer:
        for _ in range(3):
            viewer.recv(timeout=10)
        now_ms = int(time.time() * 1000)
        piece = bytes(512 * 1024)
        total = 150
        for number in range(total):  # 15 s of video, 75 MB: more than sockets hold
            entry = {"kind": "media", "data": b"%06d" % number + piece, "key": "1" if number % 10 == 0 else "0"}
            bus.xadd(KEY, entry, id=f"{now_ms + number * 100}-0", maxlen=length, approximate=False)
        got = []
        while not got or got[-1] != total - 1:
            item = viewer.recv(timeout=10)
            if isinstance(item, bytes) and item != b"segment-1":
                got.append(int(item[:6]))
    assert sorted(got) == got, "never backwards"
    skips = [after for before, after in itertools.pairwise(got) if after != before + 1]
    assert skips, "fragments were left out"
    assert all(number % 10 == 0 for number in skips), "each skip lands on a key frame"
    assert len(got) < total


def test_a_binary_message_closes_the_tile(page: tuple[RunningApi, httpx.Client], bus: redis.Redis) -> None:
    """1003, and nothing is logged as a fault."""
    api, operator = page
    assert bus.ping()
    with (
        structlog.testing.capture_logs() as told,
        open_socket(api, operator, f"/v1/cameras/{CAMERA}/live", api.url) as connection,
    ):
        connection.send(b"\xff\x00")
        with pytest.raises(ConnectionClosed) as closed:
            connection.recv(timeout=10)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1003
    assert [entry for entry in told if entry["log_level"] == "error"] == []

#!/usr/bin/python3
"""
A real RTSP server for tests: serves the video of MP4 files in an endless loop, never re-encoded.

Runs under the system's Python (Debian: ``python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base
gstreamer1.0-plugins-good gstreamer1.0-plugins-bad``), listens on 127.0.0.1 only, writes ``ready PORT`` when it does.
Each file is parsed once into access units; a mount feeds them at their own pace with timestamps that go on across the
loop, as a camera's do.
"""

import argparse
import sys
import threading
from dataclasses import dataclass

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstApp, GstRtspServer  # noqa: E402

assert GstApp  # appsrc and appsink get their methods from it

CODECS = {
    "video/x-h264": ("h264parse", "rtph264pay", "video/x-h264,stream-format=byte-stream,alignment=au"),
    "video/x-h265": ("h265parse", "rtph265pay", "video/x-h265,stream-format=byte-stream,alignment=au"),
}


@dataclass(frozen=True)
class AccessUnit:
    """One coded picture: bytes, and when it was taken and is sent, in ns from the first decoding time."""

    data: bytes
    pts: int
    dts: int


@dataclass(frozen=True)
class Clip:
    """The access units of one file and how long one round of the loop lasts, in ns."""

    caps: str
    parser: str
    payloader: str
    units: list
    period: int
    late: int


def codec_of(path: str) -> tuple:
    """Return parser, payloader and caps for the video codec of the MP4 file at `path`."""
    for entry in (b"avc1", b"avc3"):
        if entry in _head(path):
            return CODECS["video/x-h264"]
    return CODECS["video/x-h265"]


def _head(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123
        return file.read()


def load(path: str) -> Clip:
    """Parse the file at `path` into access units."""
    parser, payloader, caps = codec_of(path)
    pipeline = Gst.parse_launch(f"filesrc name=file ! qtdemux ! {parser} ! {caps} ! appsink name=out sync=false")
    pipeline.get_by_name("file").set_property("location", path)
    sink = pipeline.get_by_name("out")
    pipeline.set_state(Gst.State.PLAYING)
    raw = []
    while True:
        sample = sink.emit("pull-sample")
        if sample is None:
            break
        buffer = sample.get_buffer()
        data = buffer.extract_dup(0, buffer.get_size())
        dts = buffer.pts if buffer.dts == Gst.CLOCK_TIME_NONE else buffer.dts
        raw.append((data, buffer.pts, dts, buffer.duration))
    pipeline.set_state(Gst.State.NULL)
    if not raw:
        sys.exit(f"no video in {path}")
    first = raw[0][2]
    late = max(pts - dts for _, pts, dts, _ in raw)  # a camera sends a picture after it took it, with B-frames too
    units = [AccessUnit(data, pts - first, dts - first + late) for data, pts, dts, _ in raw]
    step = units[1].dts - units[0].dts if len(units) > 1 else Gst.SECOND // 25
    return Clip(caps, parser, payloader, units, units[-1].dts - units[0].dts + step, late)


class Mount(GstRtspServer.RTSPMediaFactory):
    """Plays one clip to whoever connects; all clients share one playback."""

    def __init__(self, clip: Clip) -> None:
        super().__init__()
        self.clip = clip
        self.set_shared(True)
        self.set_launch(
            f"( appsrc name=src is-live=true format=time max-bytes=0 caps={clip.caps} ! {clip.parser} "
            f"! {clip.payloader} name=pay0 pt=96 config-interval=-1 )"
        )

    def do_configure(self, media: GstRtspServer.RTSPMedia) -> None:
        """Start feeding a media that was made for the first client."""
        source = media.get_element().get_by_name_recurse_up("src")
        stop = threading.Event()
        thread = threading.Thread(target=self.feed, args=(source, stop))
        media.connect("unprepared", lambda _: stop.set())
        thread.start()

    def feed(self, source: Gst.Element, stop: threading.Event) -> None:
        """Push access units when they are due, with a running time that never falls back."""
        start, played = None, 0
        while not stop.is_set():
            for unit in self.clip.units:
                while not stop.is_set():
                    if source.get_state(0).state != Gst.State.PLAYING:  # it has a clock before the clock has a zero
                        stop.wait(0.01)
                        continue
                    now = source.get_current_running_time()
                    start = now if start is None else start
                    wait = start + played + unit.dts - now
                    if wait <= 0:
                        break
                    stop.wait(wait / Gst.SECOND)
                if stop.is_set():
                    return
                buffer = Gst.Buffer.new_wrapped(unit.data)
                buffer.pts = start + played + unit.pts
                buffer.dts = start + played + unit.dts - self.clip.late
                if source.emit("push-buffer", buffer) != Gst.FlowReturn.OK:
                    return
            played += self.clip.period


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mounts", nargs="+", metavar="NAME=FILE", help="serve FILE as rtsp://127.0.0.1:PORT/NAME")
    parser.add_argument("--port", default="0")
    parser.add_argument("--user")
    parser.add_argument("--password")
    options = parser.parse_args()
    Gst.init(None)
    server = GstRtspServer.RTSPServer.new()
    server.set_address("127.0.0.1")
    server.set_service(options.port)
    points = server.get_mount_points()
    for mount in options.mounts:
        name, _, path = mount.partition("=")
        factory = Mount(load(path))
        if options.user:
            permissions = GstRtspServer.RTSPPermissions.new()
            permissions.add_permission_for_role("viewer", "media.factory.access", True)  # noqa: FBT003
            permissions.add_permission_for_role("viewer", "media.factory.construct", True)  # noqa: FBT003
            factory.set_permissions(permissions)
        points.add_factory(f"/{name}", factory)
    if options.user:
        auth = GstRtspServer.RTSPAuth.new()
        token = GstRtspServer.RTSPToken.new()
        token.set_string("media.factory.role", "viewer")
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(options.user, options.password), token)
        server.set_auth(auth)
    if server.attach(None) == 0:
        sys.exit(f"cannot listen on 127.0.0.1:{options.port}")
    sys.stdout.write(f"ready {server.get_bound_port()}\n")
    sys.stdout.flush()
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()

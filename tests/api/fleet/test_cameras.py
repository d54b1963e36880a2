"""Sources as answers show them: whatever an address looks like, nothing of its credentials is left."""

import av
import av.error
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.contract.source import SCHEMES, SourceError, checked_source, checked_stream
from api.fleet.cameras import redacted
from streams.camera import SourceUrl

ADDRESSES = [
    ("", ""),
    ("scenes/plume@home.mp4", "scenes/plume@home.mp4"),
    ("file:///srv/plume.mp4", "file:///srv/plume.mp4"),
    ("rtsp://10.0.0.7/1", "rtsp://10.0.0.7/1"),
    ("rtsp://admin:geheim@10.0.0.7:554/1", "rtsp://***@10.0.0.7:554/1"),
    ("rtsp://admin:ge/heim@10.0.0.7/1", "rtsp://***@10.0.0.7/1"),
    ("rtsp://admin:ge?heim@10.0.0.7/1?token=abc", "rtsp://***@10.0.0.7/1?***"),
    ("rtsp://admin:ge#heim@10.0.0.7/1#abc", "rtsp://***@10.0.0.7/1?***"),
    ("rtsp://admin:ge@heim@10.0.0.7/1", "rtsp://***@10.0.0.7/1"),
    ("rtsp://admin:p[w@h/", "rtsp://***@h/"),
    ("rtsp://@h/", "rtsp://***@h/"),
    ("rtps://admin:geheim@h/", "rtps://***@h/"),
    ("http://[::1/1", "http://[::1/1"),
    ("rtsp:/admin:geheim@h/1", "rtsp:/***@h/1"),
    ("admin:geheim@10.0.0.7/1", "***@10.0.0.7/1"),
]


@pytest.mark.parametrize(("source", "shown"), ADDRESSES)
def test_credentials_are_hidden(source: str, shown: str) -> None:
    """Passwords hold all sorts of characters; user, password, query and fragment never show."""
    assert redacted(source) == shown


@given(
    head=st.sampled_from(["", "rtsp://", "RTSP://", "http:/", "rtsp//", "a:b@", "file://", "File://", "://", "x://"]),
    rest=st.text(alphabet="ab:/?#@[]%\\ \n张", max_size=24),
)
def test_the_api_hides_what_the_worker_hides(head: str, rest: str) -> None:
    """The worker's own log lines and the API's answers show the same of an address; neither ever fails."""
    assert redacted(head + rest) == SourceUrl(head + rest).redacted


@pytest.mark.parametrize(
    "scheme", ["rtsp", "rtsps", "rtmp", "rtmps", "http", "HTTPS", "srt", "udp", "file", "gopher", "ftp"]
)
def test_the_api_takes_the_streams_that_workers_read(scheme: str) -> None:
    """Both tell a network stream from a file by the same schemes."""
    address = f"{scheme}://10.0.0.7/1"
    assert _is_stream(address) == (not SourceUrl(address).is_file)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_that_is_taken_is_one_that_is_read(scheme: str) -> None:
    """FFmpeg as it is brought along knows the protocol: an address of it fails for another reason than that."""
    with pytest.raises(av.error.FFmpegError) as fault:
        av.open(f"{scheme}://127.0.0.1:1/none", timeout=0.2)
    assert not isinstance(fault.value, av.error.ProtocolNotFoundError)


def test_srt_is_none_of_them() -> None:
    """The FFmpeg that is brought along has no SRT: such a camera would stay lost for ever."""
    with pytest.raises(av.error.ProtocolNotFoundError):
        av.open("srt://127.0.0.1:1/none")
    assert "srt" not in SCHEMES


@pytest.mark.parametrize(
    "rest", ["a\r\nSET x y", "a\tb", "a b", "a\0", "a\x7f", "a\x85", "a\u2028b", "a\u3000b", "\ud800", "", "a" * 2048]
)
def test_no_address_speaks_another_protocol(rest: str) -> None:
    """What an address may hold cannot end the line of a request, and is text of a decent length."""
    address = f"rtsp://127.0.0.1:18379/{rest}" if rest else "rtsp://"
    for check in (checked_stream, checked_source):
        with pytest.raises(SourceError):
            check(address)
    with pytest.raises(SourceError):
        checked_stream("/srv/clips/gate.mp4")
    assert checked_source("/srv/clips/gate 3.mp4") == "/srv/clips/gate 3.mp4"


def _is_stream(address: str) -> bool:
    try:
        return checked_stream(address) == address
    except SourceError:
        return False

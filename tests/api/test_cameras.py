"""Sources as answers show them: whatever an address looks like, nothing of its credentials is left."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.cameras import is_stream, redacted
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
    assert is_stream(address) == (not SourceUrl(address).is_file)

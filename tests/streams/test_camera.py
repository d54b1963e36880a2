import pytest

from streams.camera import CameraIdError, SourceUrl, camera_id


@pytest.mark.parametrize("text", ["a", "34020000001320000001", "gate-1_b", "x" * 64])
def test_camera_ids_are_short_and_plain(text: str) -> None:
    """Letters, digits, underscore and dash, a GB/T 28181 id among them."""
    assert camera_id(text) == text


@pytest.mark.parametrize("text", ["", "a b", "a/b", "摄像头", "x" * 65, "a\n"])
def test_other_camera_ids_are_refused(text: str) -> None:
    """What would need quoting in a key or a path is refused."""
    with pytest.raises(CameraIdError):
        camera_id(text)


@pytest.mark.parametrize(
    ("url", "redacted"),
    [
        ("rtsp://cam/live", "rtsp://cam/live"),
        ("rtsp://admin:geheim@10.0.0.1:554/Streaming/101", "rtsp://***@10.0.0.1:554/Streaming/101"),
        ("rtsp://admin:ge@heim@10.0.0.1/x", "rtsp://***@10.0.0.1/x"),
        ("rtsp://admin:ge#heim@10.0.0.1/x", "rtsp://***@10.0.0.1/x"),
        ("rtsp://admin:ge/heim?@10.0.0.1/x", "rtsp://***@10.0.0.1/x"),
        ("http://zlm/live/1.flv?secret=geheim", "http://zlm/live/1.flv?***"),
        ("http://zlm/live/1.flv#geheim", "http://zlm/live/1.flv?***"),
        ("rtps://admin:geheim@10.0.0.1/x", "rtps://***@10.0.0.1/x"),
        ("RTSP://admin:geheim@10.0.0.1/x", "RTSP://***@10.0.0.1/x"),
        ("rtsp:/admin:geheim@10.0.0.1/x", "rtsp:/***@10.0.0.1/x"),
        ("rtsp//admin:geheim@10.0.0.1/x", "rtsp//***@10.0.0.1/x"),
        ("rtsp:\\\\admin:geheim@10.0.0.1", "rtsp:\\\\***@10.0.0.1"),
        ("rtspadmin:geheim@10.0.0.1/x", "***@10.0.0.1/x"),
        ("admin:geheim@10.0.0.1/ch1", "***@10.0.0.1/ch1"),
        ("admin:geheim@rtsp://10.0.0.1/x", "***@rtsp://10.0.0.1/x"),
        ("admin/geheim@rtsp://10.0.0.1/x", "***@rtsp://10.0.0.1/x"),
        ("rtsp:/admin:ge://heim@10.0.0.1/x", "rtsp:/***@10.0.0.1/x"),
        ("http:/zlm/live/1.flv?secret=geheim", "http:/zlm/live/1.flv?***"),
        ("/clips/a@b.mp4", "/clips/a@b.mp4"),
        ("/clips/10:30?.mp4", "/clips/10:30?.mp4"),
        ("file:///clips/a.mp4", "file:///clips/a.mp4"),
    ],
)
def test_addresses_never_show_their_secrets(url: str, redacted: str) -> None:
    """Text and repr of an address hold neither user, password nor token, however they are spelled."""
    source = SourceUrl(url)
    assert source.redacted == redacted
    assert "geheim" not in f"{source} {source!r}"
    assert source.reveal() == url


@pytest.mark.parametrize(
    ("url", "scheme", "is_file"),
    [
        ("rtsp://cam/live", "rtsp", False),
        ("RTMP://cam/live", "rtmp", False),
        ("/clips/a.mp4", "file", True),
        ("file:///clips/a.mp4", "file", True),
        ("clip.mp4", "file", True),
    ],
)
def test_a_text_without_network_scheme_is_a_file(url: str, scheme: str, *, is_file: bool) -> None:
    """Paths need no scheme."""
    assert (SourceUrl(url).scheme, SourceUrl(url).is_file) == (scheme, is_file)


def test_a_file_address_is_its_path() -> None:
    """``file://`` and a bare path name the same file."""
    assert str(SourceUrl("file:///clips/a.mp4").path) == "/clips/a.mp4" == str(SourceUrl("/clips/a.mp4").path)


def test_evidence_names_an_address_by_its_hash() -> None:
    """Equal addresses have equal hashes, another password another one."""
    one, two = SourceUrl("rtsp://a:b@cam/x"), SourceUrl("rtsp://a:c@cam/x")
    assert one.sha256 == SourceUrl("rtsp://a:b@cam/x").sha256 != two.sha256
    assert one == SourceUrl("rtsp://a:b@cam/x") != two
    assert len({one, two, SourceUrl("rtsp://a:b@cam/x")}) == 2

"""The package as a tar: written the same every time, read without trust."""

import gzip
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.contract.evidence.package import PackageError, PackageLimits
from api.contract.evidence.tarball import most_tar_bytes, open_package, read_package, tar_header, write_tar
from api.contract.evidence.verification import verify_package
from tests.api.contract.sample import LEAD_ID, TestSigner, make_package, write_evidence


def tar_of(*members: tuple[str, bytes, bytes], form: int = tarfile.USTAR_FORMAT) -> io.BytesIO:
    """A tar of (path, type, content) made by the standard library."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for path, kind, content in members:
            member = tarfile.TarInfo(path)
            member.type = kind
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer


FILE = tarfile.REGTYPE


def test_a_tar_is_written_the_same_every_time_and_tar_reads_it(tmp_path: Path) -> None:
    """Two writes give the same bytes; the standard library's tar unpacks them with root-owned plain files."""
    write_evidence(tmp_path / LEAD_ID)
    first, second = io.BytesIO(), io.BytesIO()
    write_tar(tmp_path / LEAD_ID, first, mtime=1763865006)
    write_tar(tmp_path / LEAD_ID, second, mtime=1763865006)
    assert first.getvalue() == second.getvalue()
    first.seek(0)
    with tarfile.open(fileobj=first) as archive:
        assert [(m.name, oct(m.mode), m.uid, m.mtime) for m in archive.getmembers()][:2] == [
            (LEAD_ID, "0o755", 0, 1763865006),
            (f"{LEAD_ID}/clip.mp4", "0o644", 0, 1763865006),
        ]
        archive.extractall(tmp_path / "out", filter="data")
    for path in (tmp_path / LEAD_ID).iterdir():
        assert (tmp_path / "out" / LEAD_ID / path.name).read_bytes() == path.read_bytes()


def test_no_tar_of_a_package_is_larger_than_is_said(tmp_path: Path) -> None:
    """As many files as a package may hold, each a byte beyond a block, are within the bound with ``tar``'s padding."""
    limits = PackageLimits(max_files=256, max_total_bytes=256 * 513)
    folder = tmp_path / LEAD_ID
    folder.mkdir()
    for number in range(limits.max_files):
        (folder / f"f{number:04}.png").write_bytes(b"x" * 513)
    written = io.BytesIO()
    write_tar(folder, written)
    padded = written.getvalue() + bytes((64 << 10) - 1024)
    with read_package(io.BytesIO(padded), limits) as package:
        assert len(package.sizes) == limits.max_files
    assert most_tar_bytes(limits) - 1024 <= len(padded) <= most_tar_bytes(limits)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT])
def test_a_package_in_a_tar_verifies_like_its_folder(tmp_path: Path, form: int) -> None:
    """Our tar and one that somebody made again with ``tar`` give the folder's verdict and hash."""
    folder = make_package(tmp_path, TestSigner()).folder
    ours, theirs = tmp_path / "ours.tar", tmp_path / "theirs.tar"
    with ours.open("wb") as target:
        write_tar(folder, target)
    with tarfile.open(theirs, "w", format=form) as archive:
        archive.add(folder, arcname=f"./{LEAD_ID}")
    expected = verify_package(folder)
    assert verify_package(ours) == expected
    assert verify_package(theirs) == expected
    assert expected.ok


def test_files_are_read_by_range_without_unpacking(tmp_path: Path) -> None:
    """A file in a tar is seekable, and its offset is where its bytes stand in the tar."""
    write_evidence(tmp_path / LEAD_ID)
    path = tmp_path / "p.tar"
    with path.open("wb") as target:
        write_tar(tmp_path / LEAD_ID, target)
    clip = (tmp_path / LEAD_ID / "clip.mp4").read_bytes()
    with path.open("rb") as stream:
        package = read_package(stream)
        with package.open("clip.mp4") as file:
            file.seek(-100, io.SEEK_END)
            assert file.read() == clip[-100:]
            file.seek(5000)
            assert file.read(7) == clip[5000:5007]
        assert path.read_bytes()[package.offset("clip.mp4") :][: len(clip)] == clip
        with pytest.raises(PackageError, match="no file 'other'"):
            package.open("other")


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ([], "no file|not a tar"),
        ([(f"{LEAD_ID}/a", FILE, b"1"), (f"{LEAD_ID}/a", FILE, b"2")], "holds a twice"),
        ([(f"{LEAD_ID}/a", FILE, b"1"), ("L20261123-001008/b", FILE, b"2")], "one folder"),
        ([(f"{LEAD_ID}/../a", FILE, b"1")], "not <folder>/<name>"),
        ([(f"{LEAD_ID}/b/a", FILE, b"1")], "not <folder>/<name>"),
        ([("/etc/passwd", FILE, b"1")], "not <folder>/<name>"),
        ([("../a", FILE, b"1")], "not <folder>/<name>"),
        ([("a", FILE, b"1")], "not <folder>/<name>"),
        ([(f"{LEAD_ID}/-a", FILE, b"1")], "not <folder>/<name>"),
        ([(f"{LEAD_ID}/.a", FILE, b"1")], "not <folder>/<name>"),
        ([(f"{LEAD_ID}/a\nb", FILE, b"1")], "not <folder>/<name>"),
        ([(f"{LEAD_ID}/sub", tarfile.DIRTYPE, b"")], "not a plain file"),
        ([(f"{LEAD_ID}/a", tarfile.SYMTYPE, b"")], "not a plain file"),
        ([(f"{LEAD_ID}/a", tarfile.LNKTYPE, b"")], "not a plain file"),
        ([(f"{LEAD_ID}/a", tarfile.FIFOTYPE, b"")], "not a plain file"),
        ([(f"{LEAD_ID}/a", tarfile.CHRTYPE, b"")], "not a plain file"),
        ([(f"{LEAD_ID}/a{n}", FILE, b"1") for n in range(5)], "more than 4 files"),
        ([(f"{LEAD_ID}/", tarfile.DIRTYPE, b"")] * 9 + [(f"{LEAD_ID}/a", FILE, b"1")], "more than 4 files"),
        (
            [(f"{LEAD_ID}/", tarfile.DIRTYPE, b"")] * 3 + [(f"{LEAD_ID}/{n}", FILE, b"1") for n in "abc"],
            "more than 4 files",
        ),
        ([(f"{LEAD_ID}/a", FILE, b"1" * 1001)], "more than the 1000 allowed"),
        ([(f"{LEAD_ID}/a{n}", FILE, b"1" * 900) for n in range(3)], "more than the 2000 bytes"),
    ],
)
def test_tars_that_are_no_package_are_refused(members: list[tuple[str, bytes, bytes]], reason: str) -> None:
    """Links, devices, folders, paths, doubles and excess are refused by one sentence before anything is read."""
    limits = PackageLimits(max_files=4, max_file_bytes=1000, max_total_bytes=2000)
    with pytest.raises(PackageError, match=reason):
        read_package(tar_of(*members), limits)


def test_pax_headers_are_refused() -> None:
    """Extension headers could give a file another name than its header shows."""
    with pytest.raises(PackageError, match="is not"):
        read_package(tar_of((f"{LEAD_ID}/{'ä' * 10}", FILE, b"1"), form=tarfile.PAX_FORMAT))


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut inside the file": lambda data: data[:700],
    "cut before the end mark": lambda data: data[:1024],
    "header changed": lambda data: b"M" + data[1:],
    "data behind the end": lambda data: data + b"x",
    "much data behind the end": lambda data: data + bytes(1 << 20),
    "compressed": gzip.compress,
    "size not octal": lambda _: tar_header(f"{LEAD_ID}/a", 1, 0o644, 0, b"0").replace(b"00000000001", b"0000000000x"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damaged_tars_are_refused(name: str) -> None:
    """A tar that was cut, changed, extended or compressed is not read at all."""
    data = tar_of((f"{LEAD_ID}/a", FILE, b"1")).getvalue()
    with pytest.raises(PackageError):
        read_package(io.BytesIO(DAMAGES[name](data)))


@pytest.fixture(scope="module")
def package_tar(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The tar of a sealed package."""
    buffer = io.BytesIO()
    write_tar(make_package(tmp_path_factory.mktemp("tar"), TestSigner()).folder, buffer)
    return buffer.getvalue()


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_every_flipped_bit_of_a_tar_is_found(package_tar: bytes, data: st.DataObject) -> None:
    """Headers and padding included: the tar is refused, or its package fails; nothing else is ever raised."""
    position = data.draw(st.integers(0, len(package_tar) - 1))
    changed = bytearray(package_tar)
    changed[position] ^= 1 << data.draw(st.integers(0, 7))
    try:
        report = verify_package(read_package(io.BytesIO(changed)))
    except PackageError:
        return
    assert not report.ok


def test_every_flipped_bit_of_a_header_is_found(package_tar: bytes) -> None:
    """No bit of a header is outside its checksum, the checksum's own form included."""
    for bit in range(512 * 8):
        changed = bytearray(package_tar)
        changed[512 + bit // 8] ^= 1 << bit % 8
        with pytest.raises(PackageError):
            read_package(io.BytesIO(changed))


@given(st.binary(max_size=3000))
@settings(max_examples=100, deadline=None)
def test_no_bytes_at_all_break_the_reader(noise: bytes) -> None:
    """Whatever is sent instead of a package is refused by `PackageError`."""
    with pytest.raises(PackageError):
        read_package(io.BytesIO(noise))


def test_a_folder_with_strangers_is_never_packed(tmp_path: Path) -> None:
    """A subfolder or link in a package folder stops the writing of its tar."""
    write_evidence(tmp_path / LEAD_ID)
    (tmp_path / LEAD_ID / "sub").mkdir()
    with pytest.raises(PackageError, match="'sub'"):
        write_tar(tmp_path / LEAD_ID, io.BytesIO())


def test_a_tar_opened_by_path_is_closed_on_refusal(tmp_path: Path) -> None:
    """Opening something that is no tar leaves no file open (a leak would be a warning, and warnings are errors)."""
    (tmp_path / "x.tar").write_bytes(b"x" * 2000)
    with pytest.raises(PackageError, match="no ustar header"):
        open_package(tmp_path / "x.tar")

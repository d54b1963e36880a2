"""Vault: written once, by content hash, in a folder or an object store."""

import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from obstore.store import MemoryStore

from api.contract.evidence.package import FolderPackage, SealedPackage
from api.evidence.folder_vault import FolderVault
from api.evidence.object_vault import ObjectVault
from api.evidence.vault import MissingEvidence, Vault, VaultError
from api.evidence.vault_address import open_vault
from tests.api.contract.sample import LEAD_ID, TestSigner, make_package
from tests.api.s3 import S3Server, s3_server

MakeVault = Callable[[Path], Vault]


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real S3 server."""
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(params=["folder", "memory", "s3"])
def vault(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vault:
    """An empty vault of each kind."""
    if request.param == "folder":
        return FolderVault(tmp_path / "vault")
    if request.param == "memory":
        return ObjectVault(MemoryStore())
    for name, value in request.getfixturevalue("s3").environment.items():
        monkeypatch.setenv(name, value)
    return open_vault(f"s3://evidence/{uuid.uuid4()}", tmp_path)


@pytest.fixture
def sealed(tmp_path: Path) -> SealedPackage:
    """A package."""
    return make_package(tmp_path / "made", TestSigner())


def test_an_empty_vault_holds_nothing(vault: Vault) -> None:
    """Every way of reading says that there is no such package."""
    with pytest.raises(MissingEvidence):
        vault.sizes("0" * 64)
    with pytest.raises(MissingEvidence):
        list(vault.read("0" * 64, "clip.mp4", 0, 1))
    with pytest.raises(MissingEvidence), vault.folder("0" * 64, LEAD_ID):
        pass
    vault.check()


def test_a_package_comes_back_byte_for_byte(vault: Vault, sealed: SealedPackage) -> None:
    """Sizes, ranges and the lent folder are those of the package that was kept."""
    with FolderPackage(sealed.folder) as package:
        vault.keep(sealed.sums_sha256, package)
        assert vault.sizes(sealed.sums_sha256) == dict(sorted(package.sizes.items()))
    clip = (sealed.folder / "clip.mp4").read_bytes()
    assert b"".join(vault.read(sealed.sums_sha256, "clip.mp4", 100, 300)) == clip[100:400]
    with vault.folder(sealed.sums_sha256, LEAD_ID) as lent:
        assert lent.name == LEAD_ID
        kept = {file.name: file.read_bytes() for file in lent.iterdir()}
    assert kept == {file.name: file.read_bytes() for file in sealed.folder.iterdir()}
    assert not lent.exists()


def test_nothing_is_overwritten(vault: Vault, sealed: SealedPackage, tmp_path: Path) -> None:
    """The same package again is fine; other bytes under the same hash are refused and the first ones stay."""
    with FolderPackage(sealed.folder) as package:
        vault.keep(sealed.sums_sha256, package)
        vault.keep(sealed.sums_sha256, package)
    other = tmp_path / "other" / LEAD_ID
    shutil.copytree(sealed.folder, other)
    (other / "overlay.jpg").write_bytes(b"another picture")
    with FolderPackage(other) as package, pytest.raises(VaultError, match=r"overlay\.jpg"):
        vault.keep(sealed.sums_sha256, package)
    kept = b"".join(vault.read(sealed.sums_sha256, "overlay.jpg", 0, 10_000))
    assert kept == (sealed.folder / "overlay.jpg").read_bytes()


def test_what_is_already_there_is_brought_to_disk_again(
    sealed: SealedPackage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever moved it in may have died before its name was on disk; once this call returns, an outbox deletes it."""
    vault, synced = FolderVault(tmp_path / "vault"), []
    with FolderPackage(sealed.folder) as package:
        vault.keep(sealed.sums_sha256, package)
        monkeypatch.setattr("api.evidence.folder_vault.sync_folder", synced.append)
        vault.keep(sealed.sums_sha256, package)
    assert [path.relative_to(tmp_path / "vault") for path in synced] == [Path(sealed.sums_sha256[:2]), Path()]


def test_files_in_the_folder_vault_cannot_be_written(sealed: SealedPackage, tmp_path: Path) -> None:
    """Files are 0440 in a folder 0550, and nothing stays in the incoming folder."""
    vault = FolderVault(tmp_path / "vault")
    with FolderPackage(sealed.folder) as package:
        vault.keep(sealed.sums_sha256, package)
    folder = tmp_path / "vault" / sealed.sums_sha256[:2] / sealed.sums_sha256
    assert folder.stat().st_mode & 0o777 == 0o550
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o440}
    assert list((tmp_path / "vault" / "incoming").iterdir()) == []


def test_a_package_that_cannot_be_read_leaves_nothing(sealed: SealedPackage, tmp_path: Path) -> None:
    """A fault in the middle of writing leaves neither a half package nor a temporary folder."""
    vault = FolderVault(tmp_path / "vault")
    with FolderPackage(sealed.folder) as package:
        (sealed.folder / "overlay.jpg").unlink()
        with pytest.raises(Exception, match=r"overlay\.jpg"):
            vault.keep(sealed.sums_sha256, package)
    with pytest.raises(MissingEvidence):
        vault.sizes(sealed.sums_sha256)
    assert list((tmp_path / "vault" / "incoming").iterdir()) == []


def test_a_vault_is_opened_by_address(tmp_path: Path) -> None:
    """No address is the folder in the data folder; an address that no object store has is one clear fault."""
    assert isinstance(open_vault("", tmp_path), FolderVault)
    assert isinstance(open_vault("memory:///", tmp_path), ObjectVault)
    with pytest.raises(VaultError, match="cannot be used"):
        open_vault("nonsense://place", tmp_path)


def test_packages_are_listed_and_erased_whole(vault: Vault, tmp_path: Path) -> None:
    """Every kept package is listed; an erased one is gone with all its files, and erasing it again does nothing."""
    assert list(vault.packages()) == []
    kept = []
    for number in (1, 2):
        made = make_package(tmp_path / f"made-{number}", TestSigner(), f"L20261123-{number:06}")
        with FolderPackage(made.folder) as package:
            vault.keep(made.sums_sha256, package)
        kept.append(made.sums_sha256)
    assert sorted(kept) == sorted(vault.packages())
    assert vault.erase(kept[0])
    assert not vault.erase(kept[0])
    assert [kept[1]] == list(vault.packages())
    with pytest.raises(MissingEvidence):
        vault.sizes(kept[0])
    assert len(vault.sizes(kept[1])) == 10


def test_what_a_cut_left_of_an_erased_package_goes_with_the_next_call(tmp_path: Path) -> None:
    """A crash between taking a package off its shelf and removing its files leaves nothing that counts as evidence."""
    vault = FolderVault(tmp_path / "vault")
    made = make_package(tmp_path / "made", TestSigner())
    with FolderPackage(made.folder) as package:
        vault.keep(made.sums_sha256, package)
    place = tmp_path / "vault" / made.sums_sha256[:2] / made.sums_sha256
    place.chmod(0o750)
    place.rename(tmp_path / "vault" / "incoming" / f"erased-{made.sums_sha256}")
    assert list(vault.packages()) == []
    assert vault.erase(made.sums_sha256)
    assert list((tmp_path / "vault" / "incoming").iterdir()) == []


def test_a_folder_knows_its_room(tmp_path: Path) -> None:
    """A folder tells its file system's room, an object store does not."""
    space = FolderVault(tmp_path / "vault").space()
    assert space is not None
    assert 0 < space.free <= space.total
    assert ObjectVault(MemoryStore()).space() is None


def test_attachments_stand_beside_the_packages(vault: Vault, sealed: SealedPackage, tmp_path: Path) -> None:
    """Kept once by lead and hash, read in ranges, listed apart from packages, and erased with their lead."""
    shelf, file, other = vault.attachments, tmp_path / "file", tmp_path / "other"
    file.write_bytes(bytes(range(256)) * 40)
    other.write_bytes(b"other")
    assert list(shelf.listed()) == []
    with pytest.raises(MissingEvidence):
        shelf.size(LEAD_ID, "0" * 64)
    with pytest.raises(MissingEvidence):
        list(shelf.read(LEAD_ID, "0" * 64, 0, 1))
    with FolderPackage(sealed.folder) as package:
        vault.keep(sealed.sums_sha256, package)
    shelf.keep(LEAD_ID, "0a" * 32, file)
    shelf.keep(LEAD_ID, "0a" * 32, file)
    shelf.keep(LEAD_ID, "0b" * 32, other)
    shelf.keep("L20261123-000009", "0a" * 32, file)
    with pytest.raises(VaultError, match="other bytes"):
        shelf.keep(LEAD_ID, "0a" * 32, other)
    assert shelf.size(LEAD_ID, "0a" * 32) == 10_240
    assert b"".join(shelf.read(LEAD_ID, "0a" * 32, 250, 12)) == (bytes(range(256)) * 2)[250:262]
    rest = ("L20261123-000009", "0a" * 32)
    assert sorted(shelf.listed()) == sorted([(LEAD_ID, "0a" * 32), (LEAD_ID, "0b" * 32), rest])
    assert list(vault.packages()) == [sealed.sums_sha256]
    assert shelf.erase(LEAD_ID)
    assert not shelf.erase(LEAD_ID)
    assert list(shelf.listed()) == [rest]

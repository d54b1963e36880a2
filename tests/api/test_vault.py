"""Vault: written once, by content hash, in a folder or an object store."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from obstore.store import MemoryStore

from api.contract.package import FolderPackage, SealedPackage
from api.vault import FolderVault, MissingEvidence, ObjectVault, Vault, VaultError, open_vault
from tests.api.contract.sample import LEAD_ID, TestSigner, make_package

MakeVault = Callable[[Path], Vault]


@pytest.fixture(params=["folder", "object"])
def vault(request: pytest.FixtureRequest, tmp_path: Path) -> Vault:
    """An empty vault of each kind."""
    return FolderVault(tmp_path / "vault") if request.param == "folder" else ObjectVault(MemoryStore())


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

"""Vault address: which vault the settings name."""

from pathlib import Path

from obstore.exceptions import BaseError
from obstore.store import from_url

from api.evidence.folder_vault import FolderVault
from api.evidence.object_vault import ObjectVault
from api.evidence.vault import Vault, VaultError


def open_vault(url: str, data_dir: Path) -> Vault:
    """Return the vault at an object store's URL, or the folder ``vault`` in ``data_dir`` when there is none."""
    if url:
        try:
            return ObjectVault(from_url(url))
        except (BaseError, ValueError) as fault:
            raise VaultError(
                "the vault address cannot be used: expected that of an object store, as s3://bucket/folder"
            ) from fault
    return FolderVault(data_dir / "vault")

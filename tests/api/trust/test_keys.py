"""The site's keys are made once, kept to their owner, and renewed before they end."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.contract.trust.stamp import check_chain
from api.trust.keys import KeysError, open_site_keys

NOW = datetime(2026, 11, 27, 6, 0, tzinfo=UTC)


def test_keys_are_made_once(tmp_path: Path) -> None:
    """The same keys are there at the next start; the folder and its files are their owner's alone."""
    first = open_site_keys(tmp_path / "authority", "某局", NOW)
    second = open_site_keys(tmp_path / "authority", "某局", NOW + timedelta(days=30))
    assert [key.pem for key in (first.root, first.stamps, first.log)] == [
        key.pem for key in (second.root, second.stamps, second.log)
    ]
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "authority").iterdir()} == {0o600}
    assert (tmp_path / "authority").stat().st_mode & 0o777 == 0o700
    for key in (first.stamps, first.log):
        assert check_chain(key.certificate, [first.root.certificate], NOW) == first.root.certificate


def test_a_key_near_its_end_is_renewed(tmp_path: Path) -> None:
    """Ninety days before a certificate ends a new key takes over under the same root."""
    first = open_site_keys(tmp_path, "", NOW)
    later = first.log.certificate.not_valid_after_utc - timedelta(days=60)
    second = open_site_keys(tmp_path, "", later)
    assert second.root.pem == first.root.pem
    assert second.log.key.public_key() != first.log.key.public_key()
    check_chain(second.log.certificate, [first.root.certificate], later)


def test_keys_that_cannot_be_trusted_are_refused(tmp_path: Path) -> None:
    """Rights for others, damage and a key under another's certificate are told with the file's name."""
    folder = tmp_path / "authority"
    keys = open_site_keys(folder, "", NOW)
    other = open_site_keys(tmp_path / "other", "", NOW)
    kept = (folder / "log.pem").read_bytes()
    private = kept[: kept.index(b"-----BEGIN CERT")]
    for content, sentence in ((b"", "damaged"), (private, "damaged"), (private + other.log.pem, "do not belong")):
        (folder / "log.pem").write_bytes(content)
        with pytest.raises(KeysError, match=f"log.pem.*{sentence}"):
            open_site_keys(folder, "", NOW)
    (folder / "log.pem").write_bytes(kept)
    (folder / "log.pem").chmod(0o644)
    with pytest.raises(KeysError, match="chmod"):
        open_site_keys(folder, "", NOW)
    (folder / "log.pem").chmod(0o600)
    assert open_site_keys(folder, "", NOW).log.pem == keys.log.pem

"""The log is exported for others to keep, and held against what they kept."""

from pathlib import Path

import pytest

from api.contract.trust.checkpoint import Checkpoint, parse_checkpoint
from api.contract.trust.stamp import StampError, read_certificate, read_certificates, sha256_hex, signature_holds
from api.contract.trust.timestamp import check_time_stamp
from api.people.accounts import open_database
from api.settings import Settings
from api.trust.audit import audit_log, export_checkpoint
from api.trust.checkpoints import LogError
from tests.api.trust.test_checkpoints import grow, settings, site, tampered

__all__ = ["settings"]


def test_a_checkpoint_is_exported_with_all_that_proves_it(settings: Settings, tmp_path: Path) -> None:
    """Before the first there is nothing to export; then its files verify by themselves, under the site's root."""
    with site(settings) as (database, provers):
        with pytest.raises(LogError, match="no checkpoint yet"):
            export_checkpoint(settings, tmp_path)
        grow(database, 3)
        provers.checkpoints.make()
    out = tmp_path / "for the notary"
    assert {path.name for path in export_checkpoint(settings, out)} == {path.name for path in out.iterdir()}
    text = (out / "checkpoint.txt").read_bytes()
    assert parse_checkpoint(text).size == 3
    certificate = read_certificate((out / "log.crt").read_bytes())
    assert signature_holds(certificate, text, (out / "checkpoint.sig").read_bytes())
    sent = read_certificates((out / "tsa.crt").read_bytes())
    roots = [provers.keys.root.certificate]
    digest = bytes.fromhex(sha256_hex(text))
    check_time_stamp((out / "checkpoint.tsr").read_bytes(), digest, certificates=sent, roots=roots)


def test_the_log_is_held_against_a_kept_checkpoint(settings: Settings, tmp_path: Path) -> None:
    """It agrees with its own; another root, a larger size and a log rewritten together with its journal do not."""
    with site(settings) as (database, provers):
        grow(database, 3)
        provers.checkpoints.make()
        kept = (export_checkpoint(settings, tmp_path)[0]).read_bytes()
        grow(database, 4)
        audit = audit_log(settings, kept)
        assert (audit.size, audit.kept, audit_log(settings).kept) == (7, 3, None)
        of_three = parse_checkpoint(kept)
        with pytest.raises(LogError, match="two different logs of 3 leaves were signed"):
            audit_log(settings, Checkpoint(of_three.origin, 3, bytes(32)).to_bytes())
        with pytest.raises(LogError, match=r"the log has 7 leaves, but 9 were signed \(the kept checkpoint\)"):
            audit_log(settings, Checkpoint(of_three.origin, 9, of_three.root).to_bytes())
        with pytest.raises(StampError):
            audit_log(settings, b"a letter")
    (settings.keys_folder() / "checkpoints.jsonl").unlink()
    with site(settings.model_copy(update={"data_dir": tmp_path / "other"})) as (other, _):
        grow(other, 3)
        with other.reading() as session:
            forged = session.connection().exec_driver_sql('SELECT "index", data FROM log_leaves').all()
            nodes = session.connection().exec_driver_sql("SELECT level, position, hash FROM log_nodes").all()
    with open_database(settings) as database:
        for statement in ("DELETE FROM log_leaves", "DELETE FROM log_nodes", "DELETE FROM checkpoints"):
            tampered(database, statement)
        with database.engine.begin() as connection:
            for index, data in forged:
                connection.exec_driver_sql("INSERT INTO log_leaves VALUES (?, 'package', 'x', 0, ?)", (index, data))
            for node in nodes:
                connection.exec_driver_sql("INSERT INTO log_nodes VALUES (?, ?, ?)", tuple(node))
    assert audit_log(settings).size == 3
    with pytest.raises(LogError, match=r"not those that were signed \(the kept checkpoint\)"):
        audit_log(settings, kept)

"""The log from outside a running API: its newest checkpoint as files for others to keep, and all of it checked."""

from dataclasses import dataclass
from pathlib import Path

from api.contract.durable import write_durably
from api.contract.evidence.package import (
    CHECKPOINT,
    CHECKPOINT_SIGNATURE,
    CHECKPOINT_TIME_STAMP,
    LOG_CERTIFICATE,
    TSA_CERTIFICATE,
)
from api.contract.trust.checkpoint import parse_checkpoint
from api.contract.trust.stamp import sha256_hex
from api.people.accounts import open_database
from api.settings import Settings
from api.store.evidence.checkpoints import newest_checkpoint
from api.store.evidence.stamps import find_stamp
from api.trust.checkpoints import JOURNAL, LogError, check_log
from api.trust.journal import Journal, JournalError


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found: how many leaves the log has, and the size of the kept checkpoint that it was held against."""

    size: int
    kept: int | None


def export_checkpoint(settings: Settings, folder: Path) -> list[Path]:
    """
    Write the newest checkpoint with signature, stamp and certificates into `folder`; return the files.

    Raises `LogError` where there is none yet.
    """
    with open_database(settings) as database, database.reading() as session:
        signed = newest_checkpoint(session)
        if signed is None:
            raise LogError("the log has no checkpoint yet")
        stamp = find_stamp(session, sha256_hex(signed.text))
    files = {
        CHECKPOINT: signed.text,
        CHECKPOINT_SIGNATURE: signed.signature,
        LOG_CERTIFICATE: signed.certificate_pem.encode(),
    }
    if stamp is not None:
        files |= {CHECKPOINT_TIME_STAMP: stamp.answer, TSA_CERTIFICATE: stamp.certificates_pem.encode()}
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        write_durably(folder / name, data)
    return [folder / name for name in files]


def audit_log(settings: Settings, kept: bytes | None = None) -> Audit:
    """
    Hash the whole log again and compare it with its journal and with a ``checkpoint.txt`` kept elsewhere.

    Raises `LogError` with what does not hold, `api.contract.trust.stamp.StampError` where `kept` is no checkpoint.
    """
    checkpoint = None if kept is None else parse_checkpoint(kept)
    with open_database(settings) as database, database.reading() as session:
        try:
            size = check_log(session, Journal(settings.keys_folder() / JOURNAL), checkpoint)
        except JournalError as fault:
            raise LogError(str(fault)) from fault
    return Audit(size, None if checkpoint is None else checkpoint.size)

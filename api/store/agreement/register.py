"""The register held against the log: every change, and the entries that follow from the newest ones."""

import hashlib
from collections.abc import Iterator

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from api.contract.wire.moment import rfc3339
from api.store.agreement.ledger import PIECE, Leaf
from api.store.agreement.records import Records
from api.store.register.tables import RegisterChangeRow, RegisterEntryRow


class Register:
    """The tables of the register beside the leaves of kind ``register``."""

    def __init__(self, session: Session) -> None:
        self._session = session
        rows = select(RegisterChangeRow).order_by(RegisterChangeRow.log_index, RegisterChangeRow.seq)
        self._changes = Records(
            "change",
            iter(session.scalars(rows.execution_options(yield_per=PIECE))),
            lambda row: row.log_index,
            lambda row: {
                "register": row.kind,
                "key": row.key,
                "version": row.version,
                "removed": row.removed,
                "before_sha256": row.before_sha256,
                "after_sha256": row.after_sha256,
                "by": row.by,
                "reason": row.reason,
                "at": rfc3339(row.at),
            },
            lambda row: _hash(row.document) == row.after_sha256,
        )

    def hold(self, leaf: Leaf) -> Iterator[str]:
        """Yield what the changes tell otherwise than a leaf."""
        yield from self._changes.hold(leaf)

    def close(self) -> Iterator[str]:
        """Yield the changes that no leaf tells of, and the entries that are not what their newest change made them."""
        yield from self._changes.close()
        versions = (
            select(RegisterChangeRow.kind, RegisterChangeRow.key, func.max(RegisterChangeRow.version).label("version"))
            .group_by(RegisterChangeRow.kind, RegisterChangeRow.key)
            .subquery()
        )
        newest = (
            select(
                RegisterChangeRow.kind,
                RegisterChangeRow.key,
                RegisterChangeRow.version,
                RegisterChangeRow.removed,
                RegisterChangeRow.document,
            )
            .join(
                versions,
                and_(
                    RegisterChangeRow.kind == versions.c.kind,
                    RegisterChangeRow.key == versions.c.key,
                    RegisterChangeRow.version == versions.c.version,
                ),
            )
            .subquery()
        )
        entry = RegisterEntryRow
        same = and_(newest.c.kind == entry.kind, newest.c.key == entry.key)
        for row in self._session.execute(
            select(newest, entry.version, entry.document).outerjoin(entry, same).order_by(newest.c.kind, newest.c.key)
        ):
            kind, key, version, removed, document, stands, text = row
            if removed and stands is not None:
                yield f"{kind} {key} stands in the register; by its change {version} it was removed"
            elif not removed and stands is None:
                yield f"{kind} {key} is gone from the register; by its change {version} it stands there"
            elif not removed and (stands, text) != (version, document):
                yield f"{kind} {key} stands otherwise in the register than its change {version} made it"
        unknown = select(entry.kind, entry.key).outerjoin(newest, same).where(newest.c.key.is_(None))
        for kind, key in self._session.execute(unknown.order_by(entry.kind, entry.key)):
            yield f"{kind} {key} stands in the register, and no change made it"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest() if text else ""

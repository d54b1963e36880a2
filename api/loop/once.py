"""Once: a move with an idempotency key is made once, and the same key gets the same answer again."""

import hashlib
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from api.clock import utc_now
from api.contract.wire.lead import LeadDocument
from api.store.faults import ReusedKey
from api.store.loop.tables import MoveAnswerRow
from api.store.people import Operator


def answered_once(
    session: Session,
    operator: Operator,
    key: str | None,
    content: tuple[str, ...],
    make: Callable[[datetime], LeadDocument],
) -> LeadDocument:
    """
    Return what `make` returns, or what it returned when the operator used the key before; in the writing transaction.

    Raises `ReusedKey` where the key was used for other content, and what `make` raises.
    """
    at = utc_now()
    if key is None:
        return make(at)
    content_sha256 = hashlib.sha256("\0".join(content).encode()).hexdigest()
    known = session.get(MoveAnswerRow, (operator.operator_id, key))
    if known is not None:
        if known.content_sha256 != content_sha256:
            raise ReusedKey(f"the idempotency key {key} was used for other content")
        return LeadDocument.model_validate_json(known.answer)
    moved = make(at)
    session.add(
        MoveAnswerRow(
            operator_id=operator.operator_id,
            idempotency_key=key,
            content_sha256=content_sha256,
            answer=moved.model_dump_json(),
            created=at,
        )
    )
    return moved

"""
Faults of the store: a rule was broken and nothing was changed.

```
StoreError
  UnknownRecord      no such lead, camera, operator, node
    UnreadableRecord   it is there, and what is stored of it does not validate
  IllegalMove        this state may not follow that one
  StaleVersion       another request changed the lead first
  RecordConflict     the id, name, number or key belongs to something else
  ReusedKey          the idempotency key was used for other content
  WrongValue         a field cannot have this value, or has it already
```
"""


class StoreError(Exception):
    """A rule of the store was broken; nothing was changed."""


class UnknownRecord(StoreError):  # noqa: N818
    """No such record."""


class UnreadableRecord(UnknownRecord):
    """A stored row does not validate; it can only be written again or removed."""


class IllegalMove(StoreError):  # noqa: N818
    """A state may not follow the one before it."""


class StaleVersion(StoreError):  # noqa: N818
    """The record has another version than the one named."""


class RecordConflict(StoreError):  # noqa: N818
    """The id, name, number or key belongs to something else."""


class ReusedKey(StoreError):  # noqa: N818
    """The idempotency key was used for other content."""


class WrongValue(StoreError):  # noqa: N818
    """A field cannot have this value, or has it already."""

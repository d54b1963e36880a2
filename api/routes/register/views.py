"""How entries of the register are asked for and shown."""

from typing import Annotated, Generic

from pydantic import BaseModel, Field

from api.contract.fields import Line, Word
from api.contract.register.entry import KEY_MOST
from api.contract.wire.document import Wire
from api.contract.wire.moment import UtcTime
from api.routes.asked_time import AskedTime
from api.store.register.entries import Change, EntryPage, EntryQuery, EntryT, Stored


class EntryFilter(Wire):
    """All that is given must hold; an empty text asks for nothing."""

    q: Line | None = Field(None, max_length=200, description="words of which each must occur in name, code or address")
    uscc: Word | None = Field(None, max_length=18, description="code of the enterprise")
    division: str | None = Field(
        None, max_length=12, pattern=r"^([0-9]{2,12})?$", description="GB/T 2260 code or its beginning"
    )
    status: Word | None = Field(
        None,
        description="of outlets their kind, of premises existing or potential, of plans their mode, of alerts level",
    )
    at: AskedTime | None = Field(None, description="as the register stood at that time; left out: as it stands")
    cursor: Line | None = Field(None, max_length=KEY_MOST, description="`next` of the page before")
    limit: Annotated[int, Field(ge=1, le=500)] = 50

    def query(self) -> EntryQuery:
        """Return what the store is asked."""
        return EntryQuery(
            words=self.q or "",
            uscc=self.uscc or "",
            division=self.division or "",
            status=self.status or "",
            cursor=self.cursor or None,
            limit=self.limit,
        )


class PremisesFilter(EntryFilter):
    """Premises may be asked for by whether a camera sees them."""

    seen: bool | None = Field(None, description="whether a camera sees them now")


class EntryView(BaseModel, Generic[EntryT]):
    """An entry with its version, which is its ``ETag``, and who entered that, why and when."""

    entry: EntryT
    version: int
    by: str
    reason: str
    at: UtcTime

    @classmethod
    def of(cls, stored: Stored[EntryT]) -> "EntryView[EntryT]":
        """Return a stored entry as it is shown."""
        return cls(entry=stored.document, version=stored.version, by=stored.by, reason=stored.reason, at=stored.at)


class EntryList(BaseModel, Generic[EntryT]):
    """A page of entries, by key."""

    entries: list[EntryView[EntryT]]
    next: str | None = Field(description="cursor of the next page, null on the last")
    total: int = Field(description="entries on all pages")
    registry_version: str = Field(description="local day and number of the register's newest change; empty: none yet")

    @classmethod
    def of(cls, page: EntryPage[EntryT], registry_version: str) -> "EntryList[EntryT]":
        """Return a page as it is shown."""
        views = [EntryView.of(stored) for stored in page.entries]
        return cls(entries=views, next=page.next, total=page.total, registry_version=registry_version)


class ChangeView(BaseModel, Generic[EntryT]):
    """One change of an entry."""

    version: int
    removed: bool
    entry: EntryT | None = Field(description="as it was entered; null where it was removed, or cannot be read")
    by: str
    reason: str
    at: UtcTime = Field(description="when it was entered")
    before_sha256: str = Field(
        description="of the document before, as canonical JSON (RFC 8785); empty: there was none"
    )
    after_sha256: str
    log_index: int = Field(description="leaf of the append-only log that tells of it")

    @classmethod
    def of(cls, change: Change[EntryT]) -> "ChangeView[EntryT]":
        """Return a change as it is shown."""
        return cls(
            version=change.version,
            removed=change.removed,
            entry=change.document,
            by=change.by,
            reason=change.reason,
            at=change.at,
            before_sha256=change.before_sha256,
            after_sha256=change.after_sha256,
            log_index=change.log_index,
        )


class EntryHistory(BaseModel, Generic[EntryT]):
    """All changes of an entry, oldest first."""

    changes: list[ChangeView[EntryT]]

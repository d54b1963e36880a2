"""Tables of the search: the terms by which leads are found, and the files by their hashes."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from api.store.columns import ByteOrdered, Table


class LeadTermRow(Table):
    """A term by which a lead is found; see `api.store.terms`."""

    __tablename__ = "lead_terms"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    term: Mapped[str] = mapped_column(ByteOrdered(24), primary_key=True)
    lead_id: Mapped[str] = mapped_column(String(32), primary_key=True)


class PackageFileRow(Table):
    """A file of a filed package, by its hash."""

    __tablename__ = "package_files"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    lead_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(255), primary_key=True)

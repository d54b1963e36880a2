"""Redacted copies of clips beside those of pictures."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Name the copy what it is, and make room for what tells of a clip."""
    op.execute("ALTER TABLE redactions RENAME COLUMN picture TO copy")
    op.add_column(
        "redactions", sa.Column("media_type", sa.String(length=32), nullable=False, server_default="image/jpeg")
    )
    op.add_column("redactions", sa.Column("regions", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("redactions", sa.Column("masks", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("redactions", sa.Column("made_by", sa.String(length=160), nullable=False, server_default=""))

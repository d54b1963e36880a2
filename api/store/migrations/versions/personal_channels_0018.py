"""Channels of notification may belong to an operator, whom rules reach by role."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add whose a channel is; those that are there are nobody's own."""
    op.add_column("notification_channels", sa.Column("operator", sa.String(64), server_default="", nullable=False))
    op.create_index("ix_notification_channels_operator", "notification_channels", ["operator"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_notification_channels_operator", "notification_channels")
    op.drop_column("notification_channels", "operator")

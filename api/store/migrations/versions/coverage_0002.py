"""What workers watched, and when each camera was to be watched. Known cameras are on duty since their last change."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "coverage",
        sa.Column("camera_id", sa.String(length=64), nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.String(length=16), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("camera_id", "hour", "account"),
    )
    op.create_index("coverage_by_hour", "coverage", ["hour", "camera_id"], unique=False)
    op.create_index("coverage_by_end", "coverage", ["camera_id", "end"], unique=False)
    op.create_table(
        "coverage_losses",
        sa.Column("camera_id", sa.String(length=64), nullable=False),
        sa.Column("worker", sa.String(length=128), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("camera_id", "worker", "start"),
    )
    duties = op.create_table(
        "duties",
        sa.Column(
            "duty_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("camera_id", sa.String(length=64), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("duty_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_duties_camera_id", "duties", ["camera_id"], unique=False)
    cameras = op.get_bind().execute(sa.text("SELECT camera_id, document, changed FROM cameras")).all()
    on_duty = [
        {"camera_id": camera.camera_id, "start": camera.changed, "end": None}
        for camera in cameras
        if json.loads(camera.document).get("enabled", True)
    ]
    if on_duty:
        op.bulk_insert(duties, on_duty)

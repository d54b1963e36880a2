"""Time stamps, asked for and given, and the archive of certificates, with those of the nodes known so far."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "time_stamps",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try", sa.BigInteger(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=True),
        sa.Column("certificate_pem", sa.Text(), nullable=True),
        sa.Column("gen_time", sa.BigInteger(), nullable=True),
        sa.Column("tsa_kind", sa.String(length=16), nullable=True),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("time_stamps_due", "time_stamps", ["gen_time", "next_try"], unique=False)
    op.create_index("time_stamps_by_subject", "time_stamps", ["subject"], unique=False)
    op.create_table(
        "certificates",
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("pem", sa.Text(), nullable=False),
        sa.Column("added", sa.BigInteger(), nullable=False),
        sa.Column("revoked", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint"),
    )
    op.create_index("certificates_by_name", "certificates", ["kind", "name"], unique=False)
    op.execute(
        "INSERT INTO certificates (fingerprint, kind, name, pem, added, revoked, reason) "
        "SELECT fingerprint, 'node', name, certificate_pem, enrolled, NULL, '' FROM nodes"
    )

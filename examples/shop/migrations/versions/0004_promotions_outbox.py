"""Promotions that don't overlap, and the outbox."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, ExcludeConstraint

revision = "0004_promotions_outbox"
down_revision = "0003_embeddings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "promotions",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("percent", sa.Integer, nullable=False),
        sa.Column("period", TSTZRANGE, nullable=False),
        sa.CheckConstraint("percent between 1 and 90", name="percent_in_range"),
        sa.CheckConstraint("not isempty(period)", name="period_not_empty"),
        ExcludeConstraint(("period", "&&"), name="ex_promotions_period", using="gist"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("topic", sa.String, nullable=False),
        sa.Column("payload", JSONB, nullable=False),
        sa.Column("attempts", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("dispatched_at", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_outbox_pending", "outbox", ["id"], postgresql_where=sa.text("dispatched_at is null"))


def downgrade() -> None:
    """Drop both tables."""
    op.drop_table("outbox")
    op.drop_table("promotions")

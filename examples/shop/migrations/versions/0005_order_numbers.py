"""A number for every order, also for those placed before there were numbers."""

import sqlalchemy as sa
from alembic import op

revision = "0005_order_numbers"
down_revision = "0004_promotions_outbox"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Number the orders as they were placed and let the sequence go on from there."""
    op.execute(sa.schema.CreateSequence(sa.Sequence("order_number_seq")))
    op.add_column("orders", sa.Column("number", sa.String))
    op.execute(
        """
        UPDATE orders
        SET number = 'S' || lpad(numbered.position::text, 8, '0')
        FROM (SELECT id, row_number() OVER (ORDER BY placed_at, id) AS position FROM orders) AS numbered
        WHERE numbered.id = orders.id
        """
    )
    op.execute("SELECT setval('order_number_seq', (SELECT count(*) FROM orders) + 1, false)")
    op.alter_column(
        "orders",
        "number",
        nullable=False,
        server_default=sa.text("'S' || lpad(nextval('order_number_seq')::text, 8, '0')"),
    )
    op.create_unique_constraint("uq_orders_number", "orders", ["number"])


def downgrade() -> None:
    """Forget the numbers."""
    op.drop_column("orders", "number")
    op.execute(sa.schema.DropSequence(sa.Sequence("order_number_seq")))

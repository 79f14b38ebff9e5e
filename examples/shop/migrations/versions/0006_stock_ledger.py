"""A ledger of stock, opened with what is on the shelf."""

import sqlalchemy as sa
from alembic import op

revision = "0006_stock_ledger"
down_revision = "0005_order_numbers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the ledger; each product with something on the shelf gets an opening balance."""
    op.create_table(
        "stock_movements",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column(
            "product_id",
            sa.BigInteger,
            sa.ForeignKey("stock.product_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("reason", sa.String(16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("quantity <> 0", name="quantity_not_zero"),
        sa.CheckConstraint("reason in ('opening', 'delivery', 'shipment', 'return')", name="reason_known"),
    )
    op.create_index("ix_stock_movements_product_id", "stock_movements", ["product_id"])
    op.execute(
        """
        INSERT INTO stock_movements (product_id, quantity, reason)
        SELECT product_id, on_hand, 'opening' FROM stock WHERE on_hand > 0
        """
    )


def downgrade() -> None:
    """Drop the ledger; the stock itself is as it was."""
    op.drop_table("stock_movements")

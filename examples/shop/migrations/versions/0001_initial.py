"""Customers, catalogue, stock, orders and payments."""

import sqlalchemy as sa
from alembic import op

revision = "0001_initial"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the first eight tables and the trigger that keeps the totals of orders."""
    _create_customers()
    _create_catalogue()
    _create_orders()
    _create_payments()
    op.execute(
        """
        CREATE FUNCTION refresh_order_total() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            touched bigint := CASE WHEN tg_op = 'DELETE' THEN old.order_id ELSE new.order_id END;
        BEGIN
            UPDATE orders
            SET total_cents = (
                SELECT coalesce(sum(total_cents), 0) FROM order_lines WHERE order_id = touched
            )
            WHERE id = touched;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER order_lines_total AFTER INSERT OR UPDATE OR DELETE ON order_lines
        FOR EACH ROW EXECUTE FUNCTION refresh_order_total()
        """
    )


def downgrade() -> None:
    """Drop everything."""
    for table in ("payments", "order_lines", "orders", "stock", "products", "categories", "addresses"):
        op.drop_table(table)
    op.drop_table("customers")
    op.execute("DROP FUNCTION refresh_order_total()")


def _identifier() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def _moment(name: str = "created_at") -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)


def _reference(name: str, target: str, ondelete: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, sa.ForeignKey(target, ondelete=ondelete), nullable=nullable)


def _create_customers() -> None:
    op.create_table(
        "customers",
        _identifier(),
        sa.Column("email", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("password_hash", sa.String, nullable=False),
        sa.Column("loyalty_points", sa.Integer, server_default=sa.text("0"), nullable=False),
        _moment(),
        sa.CheckConstraint("position('@' in email) > 1", name="email_has_at_sign"),
        sa.CheckConstraint("loyalty_points >= 0", name="loyalty_points_not_negative"),
    )
    op.create_index("uq_customers_email_lower", "customers", [sa.text("lower(email)")], unique=True)
    op.create_table(
        "addresses",
        _identifier(),
        _reference("customer_id", "customers.id", "CASCADE"),
        sa.Column("label", sa.String, nullable=False),
        sa.Column("street", sa.String, nullable=False),
        sa.Column("city", sa.String, nullable=False),
        sa.Column("country", sa.String, nullable=False),
        sa.Column("is_default", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.UniqueConstraint("customer_id", "label"),
        sa.CheckConstraint("country ~ '^[A-Z]{2}$'", name="country_is_two_letters"),
    )
    op.create_index(
        "uq_addresses_default",
        "addresses",
        ["customer_id"],
        unique=True,
        postgresql_where=sa.text("is_default"),
    )


def _create_catalogue() -> None:
    op.create_table(
        "categories",
        _identifier(),
        sa.Column("slug", sa.String, nullable=False, unique=True),
        sa.Column("name", sa.String, nullable=False),
        _reference("parent_id", "categories.id", "RESTRICT", nullable=True),
        sa.CheckConstraint("parent_id <> id", name="not_its_own_parent"),
    )
    op.create_index("ix_categories_parent_id", "categories", ["parent_id"])
    op.create_table(
        "products",
        _identifier(),
        sa.Column("sku", sa.String, nullable=False, unique=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("description", sa.String, server_default=sa.text("''"), nullable=False),
        sa.Column("price_cents", sa.Integer, nullable=False),
        _reference("category_id", "categories.id", "RESTRICT"),
        sa.Column("active", sa.Boolean, server_default=sa.text("true"), nullable=False),
        _moment(),
        sa.CheckConstraint("price_cents > 0", name="price_positive"),
        sa.CheckConstraint("sku ~ '^[A-Z]{3}-[0-9]{4,6}$'", name="sku_format"),
    )
    op.create_index("ix_products_category_id", "products", ["category_id"])
    op.create_table(
        "stock",
        sa.Column(
            "product_id",
            sa.BigInteger,
            sa.ForeignKey("products.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("on_hand", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("reserved", sa.Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("available", sa.Integer, sa.Computed("on_hand - reserved", persisted=True), nullable=False),
        sa.CheckConstraint("on_hand >= 0", name="on_hand_not_negative"),
        sa.CheckConstraint("reserved >= 0", name="reserved_not_negative"),
        sa.CheckConstraint("reserved <= on_hand", name="reserved_at_most_on_hand"),
    )


def _create_orders() -> None:
    op.create_table(
        "orders",
        _identifier(),
        _reference("customer_id", "customers.id", "RESTRICT"),
        sa.Column("status", sa.String(16), server_default=sa.text("'placed'"), nullable=False),
        sa.Column("total_cents", sa.BigInteger, server_default=sa.text("0"), nullable=False),
        _moment("placed_at"),
        sa.CheckConstraint("status in ('placed', 'paid', 'shipped', 'cancelled')", name="order_status"),
        sa.CheckConstraint("total_cents >= 0", name="total_not_negative"),
    )
    op.create_index("ix_orders_customer_id_placed_at", "orders", ["customer_id", "placed_at"])
    op.create_table(
        "order_lines",
        _identifier(),
        _reference("order_id", "orders.id", "CASCADE"),
        _reference("product_id", "products.id", "RESTRICT"),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("unit_price_cents", sa.Integer, nullable=False),
        sa.Column(
            "total_cents",
            sa.BigInteger,
            sa.Computed("quantity::bigint * unit_price_cents", persisted=True),
            nullable=False,
        ),
        sa.UniqueConstraint("order_id", "product_id"),
        sa.CheckConstraint("quantity > 0", name="quantity_positive"),
        sa.CheckConstraint("unit_price_cents >= 0", name="unit_price_not_negative"),
    )
    op.create_index("ix_order_lines_product_id", "order_lines", ["product_id"])


def _create_payments() -> None:
    op.create_table(
        "payments",
        _identifier(),
        _reference("order_id", "orders.id", "RESTRICT"),
        sa.Column("reference", sa.String, nullable=False, unique=True),
        sa.Column("amount_cents", sa.BigInteger, nullable=False),
        sa.Column("status", sa.String(16), server_default=sa.text("'authorized'"), nullable=False),
        _moment(),
        sa.Column("captured_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("amount_cents > 0", name="amount_positive"),
        sa.CheckConstraint(
            "status in ('authorized', 'captured', 'refunded', 'voided')", name="payment_status"
        ),
        sa.CheckConstraint(
            "(captured_at is not null) = (status in ('captured', 'refunded'))",
            name="captured_at_goes_with_status",
        ),
    )
    op.create_index("ix_payments_order_id", "payments", ["order_id"])
    op.create_index(
        "uq_payments_captured",
        "payments",
        ["order_id"],
        unique=True,
        postgresql_where=sa.text("status = 'captured'"),
    )

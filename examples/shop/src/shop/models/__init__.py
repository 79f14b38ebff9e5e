"""The tables of the shop."""

from shop.models.base import Base
from shop.models.catalogue import Category, Product
from shop.models.customer import Address, Customer
from shop.models.embedding import ProductEmbedding
from shop.models.order import Order, OrderLine, OrderStatus
from shop.models.outbox import OutboxMessage
from shop.models.payment import Payment, PaymentStatus
from shop.models.promotion import Promotion
from shop.models.review import Review
from shop.models.stock import MovementReason, Stock, StockMovement

__all__ = [
    "Address",
    "Base",
    "Category",
    "Customer",
    "MovementReason",
    "Order",
    "OrderLine",
    "OrderStatus",
    "OutboxMessage",
    "Payment",
    "PaymentStatus",
    "Product",
    "ProductEmbedding",
    "Promotion",
    "Review",
    "Stock",
    "StockMovement",
]

"""Messages for the outside world, written in the transaction that they report."""

import datetime as dt
from typing import Any

from sqlalchemy import DateTime, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shop.models.base import Base, CreatedAt, Identifier


class OutboxMessage(Base):
    """An event that a dispatcher delivers after the commit."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_pending", "id", postgresql_where=text("dispatched_at is null")),)

    id: Mapped[Identifier]
    topic: Mapped[str]
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[CreatedAt]
    dispatched_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))

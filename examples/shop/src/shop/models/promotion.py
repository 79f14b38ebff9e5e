"""Sales: a percentage off everything for a while."""

import datetime as dt

from sqlalchemy import CheckConstraint
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from shop.models.base import Base, Identifier


class Promotion(Base):
    """A sale of the whole shop; two sales never run at the same time."""

    __tablename__ = "promotions"
    __table_args__ = (
        CheckConstraint("percent between 1 and 90", name="percent_in_range"),
        CheckConstraint("not isempty(period)", name="period_not_empty"),
        ExcludeConstraint(("period", "&&"), name="ex_promotions_period", using="gist"),
    )

    id: Mapped[Identifier]
    name: Mapped[str]
    percent: Mapped[int]
    period: Mapped[Range[dt.datetime]] = mapped_column(TSTZRANGE)

"""What the endpoints share: the session of a request, and the refusals that they document."""

from typing import Annotated, Any

from fastapi import Depends
from sqlalchemy.orm import Session

from shop.db import get_session
from shop.service.schemas import Problem

RequestSession = Annotated[Session, Depends(get_session)]


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Document that an endpoint may answer with these statuses and a `Problem`."""
    return {status: {"model": Problem} for status in statuses}

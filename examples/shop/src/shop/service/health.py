"""Is the service there?"""

from fastapi import APIRouter
from sqlalchemy import text

from shop.service.dependencies import RequestSession
from shop.service.schemas import Health

router = APIRouter(tags=["health"])


@router.get("/health")
def health(session: RequestSession) -> Health:
    """Tell whether the database answers."""
    session.execute(text("SELECT 1"))
    return Health(database="ok")

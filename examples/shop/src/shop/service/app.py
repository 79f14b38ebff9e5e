"""The application: its routers, and the shop's errors as HTTP statuses."""

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from shop.errors import ConflictError, CredentialsError, NotFoundError, ShopError
from shop.service import customers, health, orders, payments, products, reviews, search, stock

_STATUS: tuple[tuple[type[ShopError], int], ...] = (
    (NotFoundError, 404),
    (ConflictError, 409),
    (CredentialsError, 401),
)


def create_app() -> FastAPI:
    """Put the application together."""
    application = FastAPI(
        title="Shop",
        version="1.0.0",
        generate_unique_id_function=_operation_id,
        responses={400: {"description": "The body can't be read"}},
    )
    # Search goes first: its path would otherwise be taken for a product's.
    for module in (health, search, products, reviews, stock, customers, orders, payments):
        application.include_router(module.router)
    application.add_exception_handler(ShopError, _refuse)
    return application


def _operation_id(route: APIRoute) -> str:
    return route.name


def _refuse(request: Request, error: Exception) -> JSONResponse:
    """Answer a request that the shop refused."""
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 400)
    return JSONResponse({"detail": str(error)}, status_code=status)


app = create_app()

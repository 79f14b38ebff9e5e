"""The shop over HTTP. Importing anything from here imports the whole application."""

from shop.service.app import app, create_app

__all__ = ["app", "create_app"]

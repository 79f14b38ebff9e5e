"""What can go wrong in the shop, apart from bugs."""


class ShopError(Exception):
    """The root of the shop's errors; the message is fit for a customer."""


class NotFoundError(ShopError):
    """There is no such thing."""


class ConflictError(ShopError):
    """It can't be done as things stand."""


class OutOfStockError(ConflictError):
    """Fewer are available than were asked for."""


class TransitionError(ConflictError):
    """An order or a payment can't go from its status to the one asked for."""


class CredentialsError(ShopError):
    """The e-mail address and the password don't belong together."""

"""Password hashes: PBKDF2-SHA256 with a salt of its own for each."""

import hashlib
import hmac
import secrets

#: The number of iterations that OWASP recommends for this function.
ITERATIONS = 600_000
_SALT_BYTES = 16


def hash_password(password: str, *, iterations: int | None = None) -> str:
    """Return `password` as `iterations$salt$digest`."""
    rounds = ITERATIONS if iterations is None else iterations
    salt = secrets.token_bytes(_SALT_BYTES)
    return f"{rounds}${salt.hex()}${_digest(password, salt, rounds).hex()}"


def verify_password(password: str, encoded: str) -> bool:
    """Tell whether `encoded` was made from `password`, in time that doesn't depend on how near it was."""
    rounds, salt, digest = encoded.split("$")
    actual = _digest(password, bytes.fromhex(salt), int(rounds))
    return hmac.compare_digest(actual, bytes.fromhex(digest))


def _digest(password: str, salt: bytes, rounds: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)

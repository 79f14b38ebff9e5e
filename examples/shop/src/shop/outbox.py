"""The outbox: messages are written with the change they report and delivered after its commit."""

import datetime as dt
import logging
import threading
from collections.abc import Callable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from shop.models import OutboxMessage

_logger = logging.getLogger(__name__)

Deliver = Callable[[OutboxMessage], None]


def publish(session: Session, topic: str, payload: Mapping[str, object]) -> OutboxMessage:
    """Write a message that is delivered when, and only when, the transaction commits."""
    message = OutboxMessage(topic=topic, payload=dict(payload))
    session.add(message)
    session.flush()
    return message


def dispatch_pending(session: Session, deliver: Deliver, *, limit: int = 100) -> int:
    """Deliver what is pending, the oldest first, and return how many went out.

    A message that can't be delivered stays pending and doesn't hold the others up. Messages that another
    dispatcher has in hand are left to it.
    """
    query = (
        select(OutboxMessage)
        .where(OutboxMessage.dispatched_at.is_(None))
        .order_by(OutboxMessage.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    delivered = 0
    for message in session.scalars(query).all():
        message.attempts += 1
        try:
            deliver(message)
        except Exception:  # a broken receiver must not stop the dispatcher
            _logger.exception("message %s (%s) could not be delivered", message.id, message.topic)
        else:
            message.dispatched_at = dt.datetime.now(dt.UTC)
            delivered += 1
    session.commit()
    return delivered


class Dispatcher:
    """A thread that empties the outbox every `interval` seconds between `start` and `stop`."""

    def __init__(self, sessions: sessionmaker[Session], deliver: Deliver, *, interval: float = 0.5) -> None:
        """Prepare the thread."""
        self._sessions = sessions
        self._deliver = deliver
        self._interval = interval
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="outbox-dispatcher", daemon=True)

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._interval):
            with self._sessions() as session:
                dispatch_pending(session, self._deliver)

"""The outbox: what is published with a change is delivered after its commit."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session, sessionmaker

from shop.models import OutboxMessage
from shop.outbox import Dispatcher, dispatch_pending, publish

pytestmark = pytest.mark.schema

PATIENCE = 10.0


@pytest.fixture
def sessions(migrated_copy: Callable[[], AbstractContextManager[str]]) -> Iterator[sessionmaker[Session]]:
    """Yield sessions on a database of the test's own, whose commits other threads see."""
    with migrated_copy() as url:
        engine = create_engine(url)
        yield sessionmaker(engine)
        engine.dispose()


def wait_until(fulfilled: Callable[[], bool], *, pause: float = 0.2) -> None:
    """Ask again and again, sleeping in between, until the answer is yes."""
    end = time.monotonic() + PATIENCE
    while not fulfilled():
        if time.monotonic() > end:
            pytest.fail(f"not fulfilled within {PATIENCE} s")
        time.sleep(pause)


def test_messages_are_delivered_in_the_order_they_were_published(session: Session) -> None:
    """The oldest message goes out first, each once."""
    for number in (1, 2, 3):
        publish(session, "test", {"number": number})
    received: list[object] = []
    assert dispatch_pending(session, lambda message: received.append(message.payload["number"])) == 3
    assert dispatch_pending(session, lambda message: received.append(message.payload["number"])) == 0
    assert received == [1, 2, 3]


def test_message_that_fails_stays_pending_and_lets_the_others_pass(session: Session) -> None:
    """A broken receiver costs an attempt, not the message."""
    broken, sound = publish(session, "broken", {}), publish(session, "sound", {})

    def deliver(message: OutboxMessage) -> None:
        if message.topic == "broken":
            raise ConnectionError("the receiver hung up")

    assert dispatch_pending(session, deliver) == 1
    assert (broken.attempts, broken.dispatched_at) == (1, None)
    assert sound.dispatched_at is not None


def test_message_of_a_rolled_back_change_is_never_sent(session: Session) -> None:
    """No commit, no message."""
    publish(session, "test", {})
    session.rollback()
    assert dispatch_pending(session, lambda message: pytest.fail(message.topic)) == 0


def test_at_most_the_limit_is_sent_at_once(session: Session) -> None:
    """A long queue is worked off in portions."""
    for _ in range(5):
        publish(session, "test", {})
    portions = [dispatch_pending(session, lambda message: None, limit=2) for _ in range(4)]
    assert portions == [2, 2, 1, 0]


def test_two_dispatchers_share_the_work(sessions: sessionmaker[Session]) -> None:
    """What one dispatcher has in hand is skipped by the other, so nothing goes out twice."""
    with sessions() as writer:
        publish(writer, "first", {})
        publish(writer, "second", {})
        writer.commit()
    topics: list[str] = []
    with sessions() as holder, sessions() as other:
        held = select(OutboxMessage).order_by(OutboxMessage.id).limit(1).with_for_update()
        assert holder.scalars(held).one().topic == "first"
        assert dispatch_pending(other, lambda message: topics.append(message.topic)) == 1
    assert topics == ["second"]


def test_running_dispatcher_delivers_what_is_committed(sessions: sessionmaker[Session]) -> None:
    """The thread finds a message soon after its commit and marks it; it is polled for with a sleep."""
    topics: list[str] = []
    dispatcher = Dispatcher(sessions, lambda message: topics.append(message.topic))
    with sessions() as writer:
        message = publish(writer, "order.placed", {"number": "S00000001"})
        writer.commit()
        identifier = message.id

    def dispatched() -> bool:
        with sessions() as reader:
            return reader.get_one(OutboxMessage, identifier).dispatched_at is not None

    dispatcher.start()
    try:
        wait_until(dispatched)
    finally:
        dispatcher.stop()
    assert topics == ["order.placed"]


def test_stopped_dispatcher_leaves_messages_pending(sessions: sessionmaker[Session]) -> None:
    """After `stop` nothing is delivered any more, which takes a while of seeing nothing to believe."""
    topics: list[str] = []
    dispatcher = Dispatcher(sessions, lambda message: topics.append(message.topic), interval=0.1)
    dispatcher.start()
    dispatcher.stop()
    with sessions() as writer:
        publish(writer, "late", {})
        writer.commit()
    time.sleep(0.4)
    assert topics == []

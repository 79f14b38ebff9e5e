"""The pool of clones gets deeper when tests have to wait for it, and no deeper than that helps."""

from __future__ import annotations

from collections import deque

import pytest

from paceline.isolation.databases import postgresql
from paceline.isolation.databases.postgresql import clones
from paceline.isolation.urls import DatabaseUrl

URL = DatabaseUrl.parse("postgresql://u@h/postgres")


class Server:
    """Stands in for the queue: copies are there or not, as the test says."""

    broken = False

    def __init__(self, _: object) -> None:
        """Begin with nothing to do."""
        self.asked: deque[bool] = deque()
        self.dropped = 0
        self.is_fast = True

    def ask(self, _: object, *, copies: bool) -> None:
        """Count it."""
        if copies:
            self.asked.append(True)
        else:
            self.dropped += 1

    def has_next(self) -> bool:
        """Say what the test says."""
        return self.is_fast

    def next_copied(self) -> bool:
        """Hand out a copy."""
        return self.asked.popleft()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server that exists in name only."""
    made = Server(None)
    monkeypatch.setattr(clones, "Queue", lambda _: made)
    for name in ("connect", "exchange", "copying", "dropping"):
        monkeypatch.setattr(postgresql, name, lambda *_, **__: None)
    return made


def use(pool: clones.Clones, times: int) -> None:
    """Commit in so many tests."""
    for _ in range(times):
        pool.expect()
        pool.replace("own")


def test_one_copy_is_enough_where_nobody_waits(server: Server) -> None:
    """However many tests commit."""
    pool = clones.Clones(URL, "template")
    use(pool, 20)
    pool.expect()
    assert len(server.asked) == 1


def test_it_gets_deeper_up_to_four_where_tests_wait(server: Server) -> None:
    """One copy more for each wait."""
    pool = clones.Clones(URL, "template")
    server.is_fast = False
    depths: list[int] = []
    for _ in range(6):
        use(pool, 1)
        pool.expect()
        depths.append(len(server.asked))
    assert depths == [2, 3, 4, 4, 4, 4]


def test_what_was_replaced_is_dropped_eight_later(server: Server) -> None:
    """In the background, so the number of databases stays bounded."""
    pool = clones.Clones(URL, "template")
    use(pool, 20)
    assert server.dropped == 12

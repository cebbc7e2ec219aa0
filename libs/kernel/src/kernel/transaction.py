"""The transaction of a use case; each service adds its repositories."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol, TypeVar

from kernel.actor import Actor
from kernel.audit import Audited, AuditFact
from kernel.events import Aggregate, Event

T = TypeVar("T")


class Transaction(Protocol):
    """One transaction: state, audit facts and events are committed together or not at all."""

    def record(self, fact: AuditFact, *, actor: Actor | None = None) -> None:
        """Record an audit fact for `actor`, by default the transaction's actor."""

    def announce(self, event: Event, *, actor: Actor | None = None) -> None:
        """Announce an event that belongs to no aggregate; it is published after the commit.

        It carries the organization of `actor`, by default the transaction's actor.
        """

    def after_commit(self, action: Callable[[], Awaitable[None]]) -> None:
        """Run an action after this transaction commits. It must not raise."""

    @contextmanager
    def change(
        self,
        audited: Audited[T],
        item: T,
        verb: str,
        *,
        at: datetime,
        reason: str | None = None,
        actor: Actor | None = None,
    ) -> Iterator[datetime]:
        """Record the block's change of `item`, with the state before and after, and announce its events.

        Yields `at`. Records nothing if the block raises, and always records otherwise: if nothing changes, return before the
        block.
        """
        before = audited.state(item)
        yield at
        self.record(audited.fact(item, verb, at=at, before=before, after=audited.state(item), reason=reason), actor=actor)
        self._announce_all(item, actor)

    def create(
        self,
        audited: Audited[T],
        item: T,
        verb: str = "create",
        *,
        at: datetime,
        reason: str | None = None,
        actor: Actor | None = None,
    ) -> None:
        """Record the creation of `item`, with its state, and announce its events."""
        self.record(audited.fact(item, verb, at=at, after=audited.state(item), reason=reason), actor=actor)
        self._announce_all(item, actor)

    def _announce_all(self, item: object, actor: Actor | None = None) -> None:
        if isinstance(item, Aggregate):
            for event in item.collect():
                self.announce(event, actor=actor)

"""What every use case may do in its transaction, besides the repositories that its service adds."""

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
        """Record an audit fact of the transaction's actor, or of another where one is named."""

    def announce(self, event: Event) -> None:
        """Announce an event that no aggregate carries; it is published after the commit."""

    def after_commit(self, action: Callable[[], Awaitable[None]]) -> None:
        """Run an action, which must not raise, once this transaction is committed."""

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
        """Record what the block changes of `item`, with its state before and after, and announce its events.

        Gives the block `at`. Nothing is recorded when the block raises. A block always records: what changes nothing returns
        before it.
        """
        before = audited.state(item)
        yield at
        self.record(audited.fact(item, verb, at=at, before=before, after=audited.state(item), reason=reason), actor=actor)
        self._announce_all(item)

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
        """Record that `item` is new, with its state, and announce its events."""
        self.record(audited.fact(item, verb, at=at, after=audited.state(item), reason=reason), actor=actor)
        self._announce_all(item)

    def _announce_all(self, item: object) -> None:
        if isinstance(item, Aggregate):
            for event in item.collect():
                self.announce(event)

"""The unit of work: one transaction per use case, with state, audit facts and outbox in one commit.

A change without an audit fact is refused (fail-closed): the unit of work watches the transaction's statements, from the ORM and
from Core, and does not commit a write without a fact.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Generic, Protocol, TypeVar
from uuid import UUID

import structlog
from sqlalchemy import Connection, event, inspect
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from chassis.persistence import inbox, outbox
from chassis.persistence.database import WRITES, Database
from chassis.persistence.delivery import AlreadyHandled, current_delivery
from chassis.persistence.idempotency_scope import current_scope
from chassis.persistence.outbox_message import OutboxMessage
from chassis.persistence.outbox_notifier import OutboxNotifier
from chassis.persistence.pipeline import Pipeline
from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.events import Aggregate, Event
from kernel.transaction import Transaction

log = structlog.get_logger()


class UnauditedChange(Exception):
    """A transaction wrote without recording an audit fact; it was rolled back."""


class Encoder(Protocol):
    """The part of a service's publications that the unit of work uses."""

    def encode(self, event: Event, *, organization_id: UUID | None = None) -> OutboxMessage: ...

    def audit(self, facts: Sequence[tuple[AuditFact, Actor]]) -> OutboxMessage: ...


class SqlTransaction(Transaction):
    """The transaction of a use case; each service's subclass adds its repositories."""

    def __init__(self, session: AsyncSession, actor: Actor) -> None:
        self.session = session
        self.pipeline = Pipeline(session)
        self.actor = actor
        self.facts: list[tuple[AuditFact, Actor]] = []
        self.outgoing: list[OutboxMessage] = []
        # Set by a service that records the change in its own table in this transaction, and in the audit log later.
        self.recorded_otherwise = False
        self.publications: Encoder
        self.following: list[Callable[[], Awaitable[None]]] = []

    def record(self, fact: AuditFact, *, actor: Actor | None = None) -> None:
        """Record an audit fact of `actor`, by default the transaction's actor."""
        self.facts.append((fact, actor or self.actor))

    def after_commit(self, action: Callable[[], Awaitable[None]]) -> None:
        """Run an action after the commit; with an Idempotency-Key, that is after the response is stored.

        It must not raise, because the transaction is already committed.
        """
        self.following.append(action)

    async def before_commit(self) -> None:
        """Send a service's last statements, so that their locks are held briefly; it may still record facts."""

    def announce(self, event: Event, *, actor: Actor | None = None) -> None:
        """Announce an event that belongs to no mapped aggregate; it joins the caller's trace."""
        self.outgoing.append(self.encode(event, actor))

    def encode(self, event: Event, actor: Actor | None = None) -> OutboxMessage:
        """Return the message of an event, with the organization of `actor`, by default the transaction's actor."""
        return self.publications.encode(event, organization_id=(actor or self.actor).organization_id)

    def _announce_all(self, item: object, actor: Actor | None = None) -> None:
        # The session collects from its own aggregates at the commit, in the order of their verbs; what is collected here goes out
        # after all of that.
        state = inspect(item, raiseerr=False)
        if state is None or state.session is not self.session.sync_session:
            super()._announce_all(item, actor)


TxT = TypeVar("TxT", bound=SqlTransaction)


class SqlUnitOfWork(Generic[TxT]):
    """Begins transactions, and commits or rolls them back."""

    def __init__(
        self,
        database: Database,
        transaction: Callable[[AsyncSession, Actor], TxT],
        publications: Encoder,
        *,
        service: str,
    ) -> None:
        self._database = database
        self._transaction = transaction
        self._publications = publications
        self._service = service
        self._notifier = OutboxNotifier(database)

    def begin(self, actor: Actor, *, audited: bool = True) -> AbstractAsyncContextManager[TxT]:
        """Begin a transaction as `actor`; commit at the block's normal end, roll back if it raises.

        Its scope is the actor's organization, unless the database has a scope.

        In a message handler, the message is recorded as handled in the same transaction (raises AlreadyHandled if it was). In an
        idempotent request, the commit waits for the rendered response, which is stored with it. `audited=False` is for writes
        that are themselves the record, such as the audit log's.
        """
        return self._begin(actor, audited=audited)

    @asynccontextmanager
    async def reading(self, actor: Actor) -> AsyncIterator[TxT]:
        """Begin a transaction that only reads, and roll it back at the block's end: its locks end there.

        In an idempotent request it may come before the transaction that `begin` begins; a request that was answered before is
        replayed already here.
        """
        session = self._database.session(organization_id=actor.organization_id)
        try:
            if scope := current_scope.get():
                await scope.look_up(session)
            yield self._transaction(session, actor)
        finally:
            # What was read stays usable.
            session.expunge_all()
            await session.rollback()
            await session.close()

    @asynccontextmanager
    async def _begin(self, actor: Actor, *, audited: bool) -> AsyncIterator[TxT]:
        session = self._database.session(organization_id=actor.organization_id)
        pending = PendingTransaction(session, self._publications, self._notifier, audited=audited)
        scope = current_scope.get()
        try:
            if scope:
                await scope.begin(session)
            await self._take_delivery(session)
            tx = pending.tx = self._transaction(session, actor)
            tx.publications = self._publications
            yield tx
            await pending.flush()
            await pending.require_admitted(actor)
        except BaseException:
            await pending.rollback()
            raise
        if scope:
            scope.adopt(pending)
        else:
            await pending.commit()

    async def _take_delivery(self, session: AsyncSession) -> None:
        delivery = current_delivery.get()
        if delivery and not await inbox.record(session, consumer=self._service, message_id=delivery.message_id):
            raise AlreadyHandled


class PendingTransaction:
    """An open transaction that is ready to commit after `flush`."""

    def __init__(self, session: AsyncSession, publications: Encoder, notifier: OutboxNotifier, *, audited: bool) -> None:
        self.session = session
        self.tx: SqlTransaction | None = None
        self._publications = publications
        self._notifier = notifier
        self._has_messages = False
        self._audited = audited
        self._seen = _watch(session.sync_session)

    async def flush(self) -> None:
        """Send the changes, refuse them if unaudited, and write the outbox."""
        tx = self.tx
        if tx is None:
            raise RuntimeError("flush before begin")
        await self.session.flush()
        await tx.before_commit()
        recorded = bool(tx.facts) or tx.recorded_otherwise
        if self._audited and not recorded and (statement := await self._wrote(tx)):
            raise UnauditedChange(f"{statement!r} wrote, but no audit fact was recorded")
        messages = [tx.encode(event) for aggregate in self._seen.values() for event in aggregate.collect()]
        messages += tx.outgoing
        if tx.facts:
            messages.append(self._publications.audit(tx.facts))
        if messages:
            # Sent with the commit, in one round trip.
            tx.pipeline.queue(outbox.insert(messages))
            self._has_messages = True

    async def require_admitted(self, actor: Actor) -> None:
        """Raise the actor's refusal before any change, in case the use case did not."""
        if actor.refusal and self.tx and (self._has_messages or await self._wrote(self.tx)):
            raise actor.refusal

    async def _wrote(self, tx: SqlTransaction) -> str | None:
        if tx.pipeline.wrote or not self.session.in_transaction():
            return tx.pipeline.wrote
        wrote: str | None = (await self.session.connection()).info.get(WRITES)
        return wrote

    async def commit(self, extra: Callable[[AsyncSession], Awaitable[None]] | None = None) -> None:
        """Commit; `extra` may write the platform's own rows in the same transaction."""
        try:
            if self.tx:
                await (self.tx.pipeline.flush() if extra else self.tx.pipeline.commit())
            if extra:
                await extra(self.session)
            await self.session.commit()
        except BaseException:
            await self.rollback()
            raise
        await self.session.close()
        if self._has_messages:
            self._notifier.notify()
        for action in self.tx.following if self.tx else ():
            try:
                await action()
            except Exception:  # the commit stands, and the other actions must still run
                log.exception("after_commit_failed")

    async def rollback(self) -> None:
        await self.session.close()


def _watch(session: Session) -> dict[int, Aggregate]:
    """Keep a reference to every aggregate that the session loads or adds."""
    seen: dict[int, Aggregate] = {}

    # Strong references: the identity map is weak, and a garbage-collected aggregate would lose its events.
    def keep(_session: Session, instance: object) -> None:
        if isinstance(instance, Aggregate):
            seen[id(instance)] = instance

    event.listen(session, "after_attach", keep)
    event.listen(session, "loaded_as_persistent", keep)
    event.listen(session, "after_begin", forget_writes)
    return seen


def forget_writes(_session: Session, _transaction: object, connection: Connection) -> None:
    """Clear the recorded write at the start of a transaction: a pooled connection still has the last transaction's."""
    connection.info.pop(WRITES, None)

"""What is committed, and the transaction over it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field, fields
from datetime import datetime
from uuid import UUID

from identity.application.ports.unit_of_work import BoundedRecord
from identity.domain.attempts import CountedAttempts
from identity.domain.device import Device
from identity.domain.message import Template
from identity.domain.one_time_code import OneTimeCode
from identity.domain.session import Session
from identity.domain.signing_key import SigningKey
from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.events import Aggregate, Event
from services.identity.tests.fakes.accounts import FakePasswordHistory, FakeProfiles, FakeUsers
from services.identity.tests.fakes.factors import (
    FactorStore,
    FakeEmailUndos,
    FakeFactors,
    FakePasswordResets,
    FakeRecoveryRequests,
)
from services.identity.tests.fakes.keys import FakeSigningKeys
from services.identity.tests.fakes.messages import FakeMessages, SentMessage
from services.identity.tests.fakes.names import FakeNames
from services.identity.tests.fakes.one_time_codes import FakeOneTimeCodes
from services.identity.tests.fakes.privacy import (
    FakeDeviceKeys,
    FakeErasures,
    FakeReceipts,
    FakeWalletAddresses,
    PrivacyStore,
)
from services.identity.tests.fakes.sessions import FakeDevices, FakeSessions


class FakeAttemptCounts:
    """Counts nothing: each attempt is a fact of its own. The real one is tested on PostgreSQL."""

    async def count(self, source: str, fact: AuditFact, *, account: str, times: int = 1) -> bool:
        return False

    async def room_for(self, acts: Mapping[tuple[str, str], int], *, at: datetime) -> Mapping[tuple[str, str], int]:
        return acts

    async def lock_due(self, *, at: datetime, limit: int) -> Sequence[CountedAttempts]:
        return ()

    async def settle(self, sources: Sequence[str], *, at: datetime) -> None:
        raise NotImplementedError

    async def purge(self, entered_before: datetime) -> int:
        return 0


@dataclass
class Store(PrivacyStore, FactorStore):
    """What is committed."""

    devices: dict[tuple[UUID, UUID], Device] = field(default_factory=dict)
    sessions: dict[UUID, Session] = field(default_factory=dict)
    keys: dict[UUID, SigningKey] = field(default_factory=dict)
    password_history: dict[UUID, list[tuple[str, datetime, bool]]] = field(default_factory=dict)
    codes: dict[UUID, tuple[OneTimeCode, dict[str, str | None]]] = field(default_factory=dict)
    messages: list[SentMessage] = field(default_factory=list)
    facts: list[tuple[AuditFact, Actor]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def collect(self) -> None:
        parts = (self.users, self.sessions, self.device_keys, self.addresses, self.erasures)
        for aggregate in (aggregate for part in parts for aggregate in part.values()):
            assert isinstance(aggregate, Aggregate)
            self.events += aggregate.collect()


class FakeTransaction(BoundedRecord):
    def __init__(self, store: Store, actor: Actor) -> None:
        self._store = store
        self._actor = actor
        locked: set[UUID] = set()
        self.users = FakeUsers(store, locked)
        self.profiles = FakeProfiles(store)
        self.wallet_addresses = FakeWalletAddresses(store, locked)
        self.devices = FakeDevices(store)
        self.sessions = FakeSessions(store, locked)
        self.names = FakeNames()
        self.signing_keys = FakeSigningKeys(store)
        self.device_keys = FakeDeviceKeys(store, locked)
        self.erasures = FakeErasures(store)
        self.receipts = FakeReceipts()
        self.factors = FakeFactors(store)
        self.password_resets = FakePasswordResets(store)
        self.email_undos = FakeEmailUndos(store)
        self.recovery_requests = FakeRecoveryRequests(store)
        self.messages = FakeMessages(store)
        self.password_history = FakePasswordHistory(store)
        self.one_time_codes = FakeOneTimeCodes(store)
        self.attempt_counts = FakeAttemptCounts()
        self.following: list[Callable[[], Awaitable[None]]] = []

    def after_commit(self, action: Callable[[], Awaitable[None]]) -> None:
        self.following.append(action)

    def announce(self, event: Event) -> None:
        self._store.events.append(event)

    def record(self, fact: AuditFact, *, actor: Actor | None = None) -> None:
        self._store.facts.append((fact, actor or self._actor))

    def record_bounded(self, fact: AuditFact, *, account: UUID) -> None:
        self.record(fact)

    def tally(self, fact: AuditFact, *, account: UUID | None = None, source: str | None = None) -> None:
        self.record(fact)


class UnauditedChangeError(AssertionError):
    """A transaction changed something and recorded no audit fact; the real unit of work refuses that too."""


class FakeUnitOfWork:
    """One transaction at a time, as if each locked all it touches."""

    def __init__(self) -> None:
        self.committed = Store()
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def begin(self, actor: Actor) -> AsyncIterator[FakeTransaction]:
        async with self._lock:
            store = Store(**{part.name: deepcopy(getattr(self.committed, part.name)) for part in fields(Store)})
            tx = FakeTransaction(store, actor)
            yield tx
            if len(store.facts) == len(self.committed.facts) and repr(store) != repr(self.committed):
                raise UnauditedChangeError
            store.collect()
            self.committed = store
        for action in tx.following:
            await action()

    @property
    def sent(self) -> list[Template]:
        return [message.template for message in self.committed.messages]

    @property
    def actions(self) -> list[str]:
        return [fact.action for fact, _ in self.committed.facts]

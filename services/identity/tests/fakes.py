"""Fakes of identity's ports, in memory; the repositories' suite runs over them and over PostgreSQL alike."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TypeVar
from uuid import UUID, uuid4

from identity.application.accounts.queries import EVERYBODY, SubjectView, UserFilter, UserView
from identity.application.messages.queries import MessageContent
from identity.application.ports.accounts import Verified
from identity.application.ports.keys import KeyPair
from identity.application.sessions.queries import CredentialView, NameKind, SignInName
from identity.domain.device import Device
from identity.domain.errors import AccountExists
from identity.domain.message import Channel, Message, Template
from identity.domain.one_time_code import OneTimeCode
from identity.domain.profile import Profile, canonical_email
from identity.domain.session import Session
from identity.domain.signing_key import SigningKey
from identity.domain.user import InitialRole, User, UserStatus
from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.errors import NotFound, Unavailable
from kernel.events import Aggregate, Event
from kernel.pages import Page, PageRequest
from services.identity.tests.fakes_accounts import FakeOneTimeCodes, FakePasswordHistory, matching
from services.identity.tests.fakes_factors import (
    FactorStore,
    FakeFactorQueries,
    FakeFactors,
    FakePasswordResets,
    FakeRecoveryRequests,
)
from services.identity.tests.fakes_privacy import (
    FakeDeviceKeys,
    FakeErasures,
    FakePrivacyQueries,
    FakeReceipts,
    FakeWalletAddresses,
    PrivacyStore,
)
from services.identity.tests.fakes_sessions import FakeAttempts, FakeSessionQueries

T = TypeVar("T")


@dataclass
class SentMessage:
    message: Message
    to: str
    facts: dict[str, str | int]

    @property
    def template(self) -> Template:
        return self.message.template

    @property
    def content(self) -> MessageContent:
        message = self.message
        return MessageContent(message.id, message.user_id, message.template, self.to, self.facts, datetime.now(UTC))


@dataclass
class Store(PrivacyStore, FactorStore):
    """What is committed."""

    devices: dict[tuple[UUID, UUID], Device] = field(default_factory=dict)
    sessions: dict[UUID, Session] = field(default_factory=dict)
    keys: dict[UUID, SigningKey] = field(default_factory=dict)
    password_history: dict[UUID, list[str]] = field(default_factory=dict)
    codes: dict[UUID, tuple[OneTimeCode, dict[str, str | None]]] = field(default_factory=dict)
    messages: list[SentMessage] = field(default_factory=list)
    facts: list[tuple[AuditFact, Actor]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def collect(self) -> None:
        parts = (self.users, self.sessions, self.device_keys, self.addresses, self.erasures)
        for aggregate in (aggregate for part in parts for aggregate in part.values()):
            assert isinstance(aggregate, Aggregate)
            self.events += aggregate.collect()


class FakeUsers:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(self, user: User) -> None:
        if user.username and any(other.username == user.username for other in self._store.users.values()):
            raise AccountExists
        self._store.users[user.id] = user

    async def lock(self, user_id: UUID) -> User | None:
        return self._store.users.get(user_id)

    async def holder_of(self, username: str) -> UUID | None:
        return next((user.id for user in self._store.users.values() if user.username == username), None)

    async def flush(self) -> None:
        names = [user.username for user in self._store.users.values() if user.username]
        if len(names) != len(set(names)):
            raise AccountExists

    async def lock_administrators(self) -> bool:
        return any(user.initial_role == InitialRole.ADMIN for user in self._store.users.values())


class FakeProfiles:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(self, user_id: UUID, profile: Profile) -> None:
        for other in self._store.profiles.values():
            same_email = canonical_email(other.email) == canonical_email(profile.email)
            if same_email or (profile.phone and other.phone == profile.phone):
                raise AccountExists
        self._store.profiles[user_id] = profile

    async def of(self, user_id: UUID) -> Profile:
        if user_id not in self._store.profiles:
            raise NotFound(user_id=user_id)
        return self._store.profiles[user_id]

    async def replace(self, user_id: UUID, profile: Profile) -> None:
        await self.of(user_id)
        others = {holder: other for holder, other in self._store.profiles.items() if holder != user_id}
        if any(other.email == profile.email or (profile.phone and other.phone == profile.phone) for other in others.values()):
            raise AccountExists
        self._store.profiles[user_id] = profile

    async def holder_of_email(self, email: str) -> UUID | None:
        return next((holder for holder, profile in self._store.profiles.items() if profile.email == email), None)

    async def holder_of_phone(self, phone: str) -> UUID | None:
        return next((holder for holder, profile in self._store.profiles.items() if profile.phone == phone), None)


class FakeDevices:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def find(self, user_id: UUID, device_id: UUID) -> Device | None:
        return self._store.devices.get((user_id, device_id))

    def add(self, device: Device) -> None:
        self._store.devices[device.user_id, device.device_id] = device


class FakeSessions:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(self, session: Session) -> None:
        assert await self.lock_live(session.user_id, session.device_id) is None
        self._store.sessions[session.id] = session

    async def lock(self, session_id: UUID) -> Session | None:
        return self._store.sessions.get(session_id)

    async def lock_all_live(self, user_id: UUID) -> Sequence[Session]:
        live = [session for session in self._store.sessions.values() if session.user_id == user_id and session.is_live]
        return sorted(live, key=lambda session: session.id)

    async def lock_overdue(self, *, at: datetime, idle_for: timedelta, limit: int) -> Sequence[Session]:
        live = sorted((one for one in self._store.sessions.values() if one.is_live), key=lambda one: (one.started_at, one.id))
        return [one for one in live if one.overdue(at=at, idle_for=idle_for)][:limit]

    async def lock_live(self, user_id: UUID, device_id: UUID) -> Session | None:
        for session in self._store.sessions.values():
            if (session.user_id, session.device_id, session.is_live) == (user_id, device_id, True):
                return session
        return None


class FakeSigningKeys:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def lock_all(self) -> Sequence[SigningKey]:
        return sorted(self._store.keys.values(), key=lambda key: (key.created_at, key.id))

    def add(self, key: SigningKey) -> None:
        self._store.keys[key.id] = key

    async def remove(self, key: SigningKey) -> None:
        del self._store.keys[key.id]


class FakeMessages:
    """Keeps what is sent; `sent` of the unit of work tells it once it is committed."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def send(self, user_id: UUID, template: Template, /, *, to: str | None = None, **facts: str | int) -> None:
        profile = self._store.profiles.get(user_id)
        own = (profile.phone if template.channel is Channel.SMS else profile.email) if profile else None
        if recipient := to or own:
            message = Message(
                uuid4(), user_id, template, recipient_index=b"", sealed=b"sealed", sealed_for_subject=profile is not None
            )
            self._store.messages.append(SentMessage(message, recipient, facts))

    async def lock(self, message_id: UUID) -> Message | None:
        return next((sent.message for sent in self._store.messages if sent.message.id == message_id), None)

    async def forget(self, user_id: UUID) -> None:
        for sent in self._store.messages:
            if sent.message.user_id == user_id:
                sent.message.sealed = None


class FakeTransaction:
    def __init__(self, store: Store, actor: Actor) -> None:
        self._store = store
        self._actor = actor
        self.users = FakeUsers(store)
        self.profiles = FakeProfiles(store)
        self.wallet_addresses = FakeWalletAddresses(store)
        self.devices = FakeDevices(store)
        self.sessions = FakeSessions(store)
        self.signing_keys = FakeSigningKeys(store)
        self.device_keys = FakeDeviceKeys(store)
        self.erasures = FakeErasures(store)
        self.receipts = FakeReceipts()
        self.factors = FakeFactors(store)
        self.password_resets = FakePasswordResets(store)
        self.recovery_requests = FakeRecoveryRequests(store)
        self.messages = FakeMessages(store)
        self.password_history = FakePasswordHistory(store)
        self.one_time_codes = FakeOneTimeCodes(store)

    def record(self, fact: AuditFact, *, actor: Actor | None = None) -> None:
        self._store.facts.append((fact, actor or self._actor))


class FakeUnitOfWork:
    """One transaction at a time, as if each locked all it touches."""

    def __init__(self) -> None:
        self.committed = Store()
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def begin(self, actor: Actor) -> AsyncIterator[FakeTransaction]:
        async with self._lock:
            store = Store(**{part.name: deepcopy(getattr(self.committed, part.name)) for part in fields(Store)})
            yield FakeTransaction(store, actor)
            store.collect()
            self.committed = store

    @property
    def sent(self) -> list[Template]:
        return [message.template for message in self.committed.messages]

    @property
    def actions(self) -> list[str]:
        return [fact.action for fact, _ in self.committed.facts]


class FakeQueries(FakePrivacyQueries, FakeFactorQueries, FakeSessionQueries):
    def __init__(self, uow: FakeUnitOfWork) -> None:
        self._uow = uow

    @property
    def _store(self) -> Store:
        return self._uow.committed

    async def credential_of(self, user_id: UUID) -> CredentialView | None:
        user = self._store.users.get(user_id)
        return _credential_view(user) if user else None

    async def credential(self, name: SignInName) -> CredentialView | None:
        for user in self._store.users.values():
            known = user.username if name.kind is NameKind.USERNAME else canonical_email(self._store.profiles[user.id].email)
            if known == name.text:
                return _credential_view(user)
        return None

    async def user(self, user_id: UUID) -> UserView | None:
        user = self._store.users.get(user_id)
        return self._view(user) if user and user.status != UserStatus.DELETED else None

    async def users(self, page: PageRequest, which: UserFilter = EVERYBODY) -> Page[UserView]:
        return _page(matching([self._view(user) for user in self._store.users.values()], which), page)

    async def recent_password_hashes(self, user_id: UUID) -> Sequence[str]:
        return [self._store.users[user_id].password_hash, *self._store.password_history.get(user_id, [])]

    async def subject(self, subject_id: UUID) -> SubjectView | None:
        user = self._store.users.get(subject_id)
        return SubjectView(user.id, user.is_active) if user else None

    async def waiting_message(self, message_id: UUID) -> MessageContent | None:
        sent = next((sent for sent in self._store.messages if sent.message.id == message_id), None)
        return sent.content if sent and sent.message.is_waiting else None

    async def delivered_messages(self, recipient: str | None, limit: int) -> Sequence[MessageContent]:
        kept = [sent for sent in self._store.messages if sent.message.delivered_at and sent.message.sealed]
        return [sent.content for sent in reversed(kept) if recipient in (None, sent.to)][:limit]

    async def signing_keys(self) -> Sequence[SigningKey]:
        return list(self._store.keys.values())

    def _view(self, user: User) -> UserView:
        profile = self._store.profiles[user.id]
        address = next(address.address for address in self._store.addresses.values() if address.user_id == user.id)
        return UserView(
            id=user.id,
            username=user.username,
            full_name=profile.full_name,
            email=profile.email,
            phone=profile.phone,
            organization=profile.organization,
            status=user.status,
            wallet_address=address,
            registered_at=user.registered_at,
            last_sign_in_at=user.last_sign_in_at,
            version=user.version,
            email_verified_at=user.email_verified_at,
            phone_verified_at=user.phone_verified_at,
        )


def _credential_view(user: User) -> CredentialView:
    return CredentialView(
        user.id, user.password_hash, user.password_changed_at, user.is_active, has_second_factor=user.has_second_factor
    )


def _page(items: list[T], page: PageRequest) -> Page[T]:
    return Page(items[page.offset : page.offset + page.per_page], page.page, page.per_page, len(items))


@dataclass
class FakePasswords:
    """Hashes by reversal; `outdated` as when the parameters have changed since."""

    outdated: bool = False
    busy: bool = False
    verified: list[str | None] = field(default_factory=list)

    async def hash(self, password: str) -> str:
        if self.busy:
            raise Unavailable
        return f"$argon2id${password[::-1]}"

    async def verify(self, password_hash: str | None, password: str) -> Verified:
        self.verified.append(password_hash)
        matches = password_hash == await self.hash(password) or password_hash == f"{await self.hash(password)}+"
        return Verified(matches, f"{await self.hash(password)}+" if matches and self.outdated else None)


@dataclass
class FakeRoles:
    roles: tuple[str, ...] = ("user",)
    away: bool = False

    async def of(self, user_id: UUID) -> tuple[str, ...]:
        if self.away:
            raise Unavailable(dependency="governance")
        return self.roles


@dataclass
class FakeAccessTokens:
    life: timedelta = timedelta(minutes=15)

    def issue(self, session: Session, *, roles: Sequence[str], at: datetime) -> str:
        return f"access:{session.id}:{','.join(roles)}"


@dataclass
class FakeRevocations:
    ended: dict[UUID, datetime] = field(default_factory=dict)

    async def add(self, session_id: UUID, *, ended_at: datetime) -> None:
        self.ended.setdefault(session_id, ended_at)

    async def try_add(self, session_id: UUID, *, ended_at: datetime) -> None:
        await self.add(session_id, ended_at=ended_at)


@dataclass
class Surroundings:
    """What identity asks of others, faked."""

    roles: FakeRoles = field(default_factory=FakeRoles)
    attempts: FakeAttempts = field(default_factory=FakeAttempts)
    revocations: FakeRevocations = field(default_factory=FakeRevocations)


class FakeContacts:
    def email(self, text: str) -> str:
        return canonical_email(text)

    def phone(self, text: str) -> str:
        return text.replace(" ", "")


def fake_digest(text: str) -> bytes:
    return sha256(text.encode()).digest()


class FakeKeyMaker:
    def make(self, key_id: UUID) -> KeyPair:
        return KeyPair({"kid": str(key_id), "kty": "EC"}, uuid4().bytes)

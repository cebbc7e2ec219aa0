"""Transactions and reads on PostgreSQL, and the rows that tests start with."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID, uuid4

from chassis.testing.clocks import ControlledClock
from identity.application.users.enrolment import NewUser, enrol
from identity.domain.device import Device
from identity.domain.erasure import Erasure, ErasureReason
from identity.domain.passkey import Passkey
from identity.domain.profile import Profile
from identity.domain.proof import Proof
from identity.domain.session import Session
from identity.domain.user import InitialRole
from identity.infrastructure.refresh_tokens import SignedRefreshTokens
from identity.infrastructure.sql.views import SqlViews
from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.pages import PageRequest

HERE = Actor.service("tests")
TOKENS = SignedRefreshTokens(bytes(32))
PAGE = PageRequest()
PROFILE = Profile(full_name="Ndapewa Shikongo", email="ndapewa@example.na", phone="+264811234567", organization="Example Corp")


class AnyUnitOfWork(Protocol):
    def begin(self, actor: Actor) -> AbstractAsyncContextManager[Any]: ...


@dataclass
class Storage:
    uow: AnyUnitOfWork
    views: SqlViews


async def enrol_user(
    storage: Storage,
    clock: ControlledClock,
    profile: Profile = PROFILE,
    *,
    username: str | None = None,
    role: InitialRole = InitialRole.USER,
) -> NewUser:
    async with storage.uow.begin(HERE) as tx:
        return await enrol(
            tx,
            profile,
            username=username,
            password_hash="$argon2id$x",
            initial_role=role,
            agreed_terms=True,
            at=clock.now(),
        )


def someone(number: int) -> Profile:
    return Profile(full_name=f"Person {number}", email=f"person.{number}@example.na", phone=f"+26481100{number:04d}")


def fact(clock: ControlledClock) -> AuditFact:
    return fact_at(clock.now())


def fact_at(at: datetime) -> AuditFact:
    return AuditFact(action="identity.tests.change", resource_type="test", resource_id="1", occurred_at=at)


async def start_session(storage: Storage, clock: ControlledClock, user_id: UUID, device_id: UUID) -> Session:
    token = TOKENS.issue(session_id=uuid4(), user_id=user_id, generation=1)
    async with storage.uow.begin(HERE) as tx:
        session = Session.start(
            token, device_id=device_id, proof=Proof.of(("pwd",), at=clock.now()), life=timedelta(days=7), at=clock.now()
        )
        if await tx.devices.find(user_id, device_id) is None:
            tx.devices.add(Device.register(user_id, device_id, at=clock.now()))
        await tx.sessions.add(session)
        tx.record(fact(clock))
    return session


async def request_erasure(storage: Storage, clock: ControlledClock, user_id: UUID) -> UUID:
    erasure = Erasure.request(user_id, by=str(user_id), reason=ErasureReason.ASKED, at=clock.now())
    async with storage.uow.begin(HERE) as tx:
        user = await tx.users.lock(user_id)
        assert user
        user.restrict(at=clock.now())
        tx.erasures.add(erasure)
        tx.record(fact(clock))
    return erasure.id


async def person(tx: Any, name: str, at: datetime, *, verified: bool = False) -> UUID:
    number = sum(name.encode())
    profile = Profile(full_name=name.title(), email=f"{name}@example.na", phone=f"+26481{number:07d}")
    enrolled = await enrol(
        tx,
        profile,
        username=name,
        password_hash=f"$argon2id${name}",
        initial_role=InitialRole.USER,
        agreed_terms=True,
        at=at,
        email_verified=verified,
    )
    user_id: UUID = enrolled.user_id
    return user_id


def passkey(user_id: UUID, clock: ControlledClock, credential_id: bytes = b"one") -> Passkey:
    return Passkey(uuid4(), user_id, credential_id, b"key", 0, backed_up=False, name="Laptop", created_at=clock.now())


async def register_device(storage: Storage, clock: ControlledClock, user_id: UUID) -> UUID:
    device_id = uuid4()
    async with storage.uow.begin(HERE) as tx:
        tx.devices.add(Device.register(user_id, device_id, at=clock.now()))
        tx.record(fact(clock))
    return device_id


async def holder(storage: Storage, address: UUID) -> tuple[UUID, bool, str | None]:
    found = await storage.views.wallet_addresses.address_holder(address)
    assert found
    return found.user_id, found.is_active, found.full_name

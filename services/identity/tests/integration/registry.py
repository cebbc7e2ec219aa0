"""Identity on a real database, with faked peers and hashing; users who register, sign in, refresh and sign out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import jwt
from sqlalchemy import select, text

from chassis.messaging.contracts import spec_of
from chassis.persistence.database import Database
from chassis.policies import Policies
from chassis.testing.clocks import ControlledClock
from elcorp.compliance.v1.events_pb2 import AuditFactsRecorded
from identity.application.ports.session_rules import TokenPair
from identity.application.registration.verification import VerificationResult
from identity.domain.session import Session
from identity.domain.sign_in_name import SignInName
from identity.domain.user import User
from identity.infrastructure.signing_keys import KeyRing
from identity.settings import IdentitySettings
from identity.wiring.adapters import unit_of_work
from identity.wiring.dependencies import Dependencies
from identity.wiring.use_cases import build
from kernel.actor import Actor, ActorKind
from services.identity.tests.fakes import Fakes
from services.identity.tests.fakes.governance import FakeRoles
from services.identity.tests.fakes.passwords import FakePasswords
from services.identity.tests.integration.storage import HERE, fact
from services.identity.tests.people import CODE, PASSWORD, STRANGER, registered


def user_actor(user_id: UUID, *roles: str, session_id: UUID | None = None) -> Actor:
    return Actor(kind=ActorKind.USER, subject_id=str(user_id), roles=frozenset(roles), session_id=session_id)


def claims_of(access_token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(access_token, options={"verify_signature": False})
    return claims


RegistryOf = Callable[..., "Registry"]


@dataclass
class Registry:
    settings: IdentitySettings
    database: Database
    ring: KeyRing
    policies: Policies
    clock: ControlledClock
    passwords: FakePasswords = field(default_factory=FakePasswords)
    peers: Fakes = field(default_factory=Fakes)
    device_id: UUID = field(default_factory=uuid4)
    # The outbox position at which the test begins.
    begun: int = 0

    def __post_init__(self) -> None:
        self.given = Dependencies(
            settings=self.settings,
            database=self.database,
            ring=self.ring,
            passwords=self.passwords,
            roles=self.peers.roles,
            authority=self.peers.authority,
            attempts=self.peers.attempts,
            revocations=self.peers.revocations,
            permissions=self.policies,
            clock=self.clock,
            generate_code=lambda: CODE,
        )
        self.identity = build(self.given)

    @property
    def roles(self) -> FakeRoles:
        return self.peers.roles

    async def register(self, **changes: Any) -> VerificationResult:
        registration = self.identity.registration
        details = {"email": "Ndapewa@Example.na", **changes}
        return await registered(registration.register_user, registration.verify_email, **details)

    async def sign_in(
        self, *, password: str = PASSWORD, email: str = "ndapewa@example.na", device_id: UUID | None = None
    ) -> TokenPair:
        pair = await self.identity.sessions.sign_in(
            actor=STRANGER, name=SignInName.email(email), password=password, device_id=device_id or self.device_id
        )
        assert isinstance(pair, TokenPair)
        return pair

    async def refresh(self, token: str, *, device_id: UUID | None = None) -> TokenPair:
        return await self.identity.sessions.refresh_session(
            actor=STRANGER, refresh_token=token, device_id=device_id or self.device_id
        )

    async def change_user(self, user_id: UUID, change: Callable[[User], object]) -> None:
        async with unit_of_work(self.settings, self.database).begin(HERE) as tx:
            user = await tx.users.lock(user_id)
            assert user
            change(user)
            tx.record(fact(self.clock))

    async def change_session(self, session_id: UUID, change: Callable[[Session], object]) -> None:
        async with unit_of_work(self.settings, self.database).begin(HERE) as tx:
            session = await tx.sessions.lock(session_id)
            assert session
            change(session)
            tx.record(fact(self.clock))

    async def user(self, user_id: UUID) -> User:
        async with self.database.session() as session:
            return await session.get_one(User, user_id)

    async def users(self) -> int:
        async with self.database.read() as connection:
            count: int = (await connection.execute(text("SELECT count(*) FROM users"))).scalar_one()
            return count

    async def sessions(self) -> list[Session]:
        """Return all sessions, oldest first."""
        async with self.database.session() as session:
            return sorted((await session.scalars(select(Session))).all(), key=lambda each: each.started_at)

    async def session(self) -> Session:
        """Return the session that started last."""
        return (await self.sessions())[-1]

    async def facts(self) -> list[Any]:
        """Return all audit facts, in order."""
        return [recorded for message in await self.events(AuditFactsRecorded) for recorded in message.facts]

    async def actions(self) -> list[str]:
        return [recorded.action for recorded in await self.facts()]

    async def event_types(self) -> list[str]:
        """Return the types of all events except audit facts, in order."""
        query = text("SELECT type FROM outbox WHERE type <> :audit AND position > :begun ORDER BY position")
        async with self.database.read() as connection:
            return list(
                (await connection.execute(query, {"audit": spec_of(AuditFactsRecorded).type, "begun": self.begun})).scalars()
            )

    async def events(self, message_class: Any) -> list[Any]:
        """Return all events of a class, in order."""
        query = text("SELECT payload FROM outbox WHERE type = :type AND position > :begun ORDER BY position")
        async with self.database.read() as connection:
            payloads = (await connection.execute(query, {"type": spec_of(message_class).type, "begun": self.begun})).scalars()
            return [message_class.FromString(bytes(payload)) for payload in payloads]

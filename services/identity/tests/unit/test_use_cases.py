"""Registering, signing in, refreshing and signing out, on fakes."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.policies import Policies
from chassis.testing.clocks import ControlledClock
from chassis.testing.policies import permitting
from chassis.testing.reads import NotedReads
from identity.application.factors.challenge_second_factor import ChallengeSecondFactor, SecondFactorRequired
from identity.application.factors.required_factors import RequiredFactors, RequiredOf
from identity.application.ports.session_rules import TokenPair
from identity.application.registration.one_time_codes import Codes
from identity.application.registration.register_user import RegisterUser
from identity.application.registration.take_over_email import TakeOverEmail
from identity.application.registration.verification import VerificationResult
from identity.application.registration.verify_code import VerifyCode
from identity.application.registration.verify_email import VerifyEmail
from identity.application.sessions.end_session import EndSession
from identity.application.sessions.end_sessions import EndSessions
from identity.application.sessions.refresh_session import RefreshSession
from identity.application.sessions.sign_in import SignIn
from identity.application.sessions.sign_out import SignOut
from identity.application.sessions.start_session import StartSession
from identity.application.signing_keys.ensure_signing_keys import EnsureSigningKeys
from identity.application.users.create_administrator import CreateAdministrator
from identity.application.users.get_user import GetUser
from identity.application.users.list_users import ListUsers
from identity.application.users.read_user import ReadUser
from identity.domain.errors import (
    InvalidCode,
    InvalidCredentials,
    InvalidName,
    InvalidRefreshToken,
    TermsNotAgreed,
    TooManyAttempts,
    WeakPassword,
)
from identity.domain.events import SessionEnded, UserRegistered
from identity.domain.password_policy import PasswordPolicy
from identity.domain.session import LIVE_MAX, EndReason, Session
from identity.domain.sign_in_name import SignInName
from identity.domain.user import User, UserStatus
from identity.infrastructure.device_proofs import DpopProofs
from identity.infrastructure.device_tokens import SignedDeviceTokens
from identity.infrastructure.generated_password import generate_password
from identity.infrastructure.one_time_secrets import RandomSecrets
from identity.infrastructure.refresh_tokens import SignedRefreshTokens
from kernel.actor import Actor, ActorKind
from kernel.errors import AccessDenied, DomainError, NotFound, Unavailable
from kernel.pages import PageRequest
from services.identity.tests.fakes import (
    FakeAccessTokens,
    FakeAttempts,
    FakeContacts,
    FakeKeyMaker,
    FakePasswords,
    FakeQueries,
    FakeRevocations,
    FakeRoles,
    FakeUnitOfWork,
    fake_digest,
)
from services.identity.tests.people import CODE, PASSWORD, STRANGER, registered


@dataclass
class World:
    clock: ControlledClock
    uow: FakeUnitOfWork = field(default_factory=FakeUnitOfWork)
    passwords: FakePasswords = field(default_factory=FakePasswords)
    roles: FakeRoles = field(default_factory=FakeRoles)
    attempts: FakeAttempts = field(default_factory=FakeAttempts)
    revocations: FakeRevocations = field(default_factory=FakeRevocations)
    access: FakeAccessTokens = field(default_factory=FakeAccessTokens)
    refresh_tokens: SignedRefreshTokens = field(default_factory=lambda: SignedRefreshTokens(bytes(32)))
    device_id: UUID = field(default_factory=uuid4)

    def __post_init__(self) -> None:
        self.queries = FakeQueries(self.uow)
        required = RequiredFactors(Policies(self.clock), RequiredOf.NOBODY)
        codes = Codes(fake_digest, lambda: CODE)
        contacts = FakeContacts()
        self.register_user = RegisterUser(self.uow, self.passwords, PasswordPolicy(), contacts, codes, self.clock)
        take_over_email = TakeOverEmail(
            RandomSecrets(), EndSessions(EndSession(self.revocations, self.access.life)), "https://undo"
        )
        self.verify_email = VerifyEmail(VerifyCode(self.uow, codes, self.clock), take_over_email)
        self.device_tokens = SignedDeviceTokens(bytes(32))
        self.start_session = StartSession(
            self.uow, self.roles, self.access, self.refresh_tokens, self.clock, timedelta(days=7), self.device_tokens
        )
        self.sign_in_use_case = SignIn(
            uow=self.uow,
            credentials=self.queries,
            devices=self.queries,
            passwords=self.passwords,
            attempts=self.attempts,
            digest=fake_digest,
            start=self.start_session,
            challenge=ChallengeSecondFactor(self.uow, self.queries, self.roles, RandomSecrets(), self.clock, required),
            clock=self.clock,
            device_tokens=self.device_tokens,
        )
        end_session = EndSession(self.revocations, self.access.life)
        self.refresh_use_case = RefreshSession(
            uow=self.uow,
            roles=self.roles,
            access_tokens=self.access,
            refresh_tokens=self.refresh_tokens,
            end_session=end_session,
            revocations=self.revocations,
            clock=self.clock,
            required=required,
            proofs=DpopProofs(method="POST", url="https://app.example.na/api/v1/auth/refresh"),
        )
        self.sign_out = SignOut(uow=self.uow, end_session=end_session, revocations=self.revocations, clock=self.clock)

    async def register(self, **changes: Any) -> VerificationResult:
        return await registered(self.register_user, self.verify_email, **{"email": "Ndapewa@Example.na", **changes})

    async def sign_in(
        self,
        *,
        password: str = PASSWORD,
        email: str = "ndapewa@example.na",
        device_id: UUID | None = None,
    ) -> TokenPair:
        pair = await self.sign_in_use_case(
            actor=STRANGER, name=SignInName.email(email), password=password, device_id=device_id or self.device_id
        )
        assert isinstance(pair, TokenPair)
        return pair

    async def refresh(self, token: str, *, device_id: UUID | None = None) -> TokenPair:
        return await self.refresh_use_case(actor=STRANGER, refresh_token=token, device_id=device_id or self.device_id)

    @property
    def session(self) -> Session:
        return max(self.uow.committed.sessions.values(), key=lambda session: session.started_at)


@pytest.fixture
def world(clock: ControlledClock) -> World:
    return World(clock)


def user(user_id: UUID, *roles: str, session_id: UUID | None = None) -> Actor:
    return Actor(kind=ActorKind.USER, subject_id=str(user_id), roles=frozenset(roles), session_id=session_id)


async def test_registration_announces_the_user_with_a_wallet_address(world: World) -> None:
    enrolled = await world.register()
    (event,) = world.uow.committed.events
    assert isinstance(event, UserRegistered)
    assert (event.user_id, event.wallet_address, event.initial_role) == (enrolled.user_id, enrolled.wallet_address, "user")
    assert world.uow.actions == ["identity.registration.request", "identity.user.register", "identity.verification.accept"]
    fact, actor = world.uow.committed.facts[1]
    assert (fact.action, fact.resource_id, actor.ip) == ("identity.user.register", str(enrolled.user_id), "198.51.100.7")
    assert str(enrolled.wallet_address) in fact.related_ids
    assert not [secret for secret in ("Ndapewa", "example.na", "81123", PASSWORD) if secret in repr(world.uow.committed.facts)]


@pytest.mark.clause("ASVS 6.2.10")
async def test_a_password_does_not_grow_old(world: World) -> None:
    await world.register()
    world.clock.advance(seconds=5 * 365 * 24 * 3600)

    assert await world.sign_in()


async def test_email_belongs_to_one_account_and_a_typed_number_to_none(world: World) -> None:
    await world.register()
    with pytest.raises(InvalidCode):
        await world.register(phone="+264811234568")
    assert len(world.uow.committed.users) == 1
    await world.register(email="other@example.na")
    assert len(world.uow.committed.users) == 2


@pytest.mark.parametrize(
    ("changes", "error", "field_name"),
    [
        ({"agreed_terms": False}, TermsNotAgreed, "agreed_terms"),
        ({"password": "Ndapewa-Rocks-47!"}, WeakPassword, "password"),
        ({"full_name": " x "}, InvalidName, "full_name"),
        ({"full_name": "Nda\u202epewa"}, InvalidName, "full_name"),
        ({"organization": "  "}, InvalidName, "organization"),
    ],
)
async def test_registration_refuses_and_writes_nothing(
    world: World,
    changes: Any,
    error: type[DomainError],
    field_name: str,
) -> None:
    with pytest.raises(error) as refused:
        await world.register(**changes)
    assert refused.value.field == field_name
    assert world.uow.actions == []


async def test_signing_in_starts_a_session_bound_to_the_device(world: World) -> None:
    enrolled = await world.register()
    pair = await world.sign_in()
    assert pair.expires_in == 900
    assert pair.access_token == f"access:{world.session.id}:user"
    assert (world.session.user_id, world.session.device_id) == (enrolled.user_id, world.device_id)
    fact, actor = world.uow.committed.facts[-1]
    assert (fact.action, actor.subject_id, actor.session_id) == (
        "identity.user.sign_in",
        str(enrolled.user_id),
        world.session.id,
    )
    assert PASSWORD not in repr(pair)
    assert pair.refresh_token not in repr(pair)


async def test_signing_in_again_on_a_device_replaces_its_session(world: World) -> None:
    await world.register()
    await world.sign_in()
    world.clock.advance(seconds=1)
    await world.sign_in()
    old, new = sorted(world.uow.committed.sessions.values(), key=lambda session: session.started_at)
    assert (old.end_reason, new.is_live) == ("replaced", True)
    assert [event.reason for event in world.uow.committed.events if isinstance(event, SessionEnded)] == ["replaced"]
    await world.sign_in(device_id=uuid4())
    assert new.id in {session.id for session in world.uow.committed.sessions.values() if session.is_live}


async def test_too_many_sessions_end_those_left_alone_longest(world: World) -> None:
    await world.register()
    kept = await world.sign_in()
    for _ in range(LIVE_MAX - 1):
        world.clock.advance(seconds=1)
        await world.sign_in(device_id=uuid4())
    await world.refresh(kept.refresh_token)
    for _ in range(2):
        world.clock.advance(seconds=1)
        await world.sign_in(device_id=uuid4())
    sessions = sorted(world.uow.committed.sessions.values(), key=lambda session: session.started_at)
    assert [session.end_reason for session in sessions[:4]] == [None, "too_many", "too_many", None]
    assert sum(session.is_live for session in sessions) == LIVE_MAX


@dataclass
class MeddlingRoles(FakeRoles):
    """Governance is asked after the password was verified, and before the user is locked: what happens then is here."""

    meanwhile: Callable[[User], object] = lambda _: None
    uow: FakeUnitOfWork | None = None

    async def of(self, user_id: UUID) -> tuple[str, ...]:
        if self.uow:
            self.meanwhile(self.uow.committed.users[user_id])
        return await super().of(user_id)


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda made: made.change_password("another", at=made.registered_at + timedelta(seconds=1)),
        lambda made: made.gain_factor(at=made.registered_at),
        lambda made: made.suspend("Reported as stolen", at=made.registered_at),
    ],
    ids=["another password", "a second factor", "suspended"],
)
async def test_what_changes_while_somebody_signs_in_lets_them_in_no_more(
    clock: ControlledClock, meanwhile: Callable[[User], object]
) -> None:
    roles = MeddlingRoles(meanwhile=meanwhile)
    world = World(clock, roles=roles)
    enrolled = await world.register()
    roles.uow = world.uow
    with pytest.raises(InvalidCredentials):
        await world.sign_in()
    assert world.uow.committed.sessions == {}
    fact, actor = world.uow.committed.facts[-1]
    assert (fact.action, fact.resource_id) == ("identity.user.sign_in_failed", str(enrolled.user_id))
    assert (fact.reason, fact.related_ids, actor.device_id) == (
        "changed_meanwhile",
        (str(world.device_id),),
        str(world.device_id),
    )


@pytest.mark.clause("ASVS 6.3.8")
async def test_unknown_name_and_wrong_password_cost_and_say_the_same(world: World) -> None:
    await world.register()
    refusals = []
    for email, password in (("ndapewa@example.na", "Wrong-Sunrise-47!"), ("nobody@example.na", PASSWORD)):
        with pytest.raises(InvalidCredentials) as refused:
            await world.sign_in(email=email, password=password)
        refusals.append((refused.value.message, refused.value.facts))
    assert refusals[0] == refusals[1]
    assert len(world.passwords.verified) == 2
    assert world.uow.actions[-2:] == ["identity.user.sign_in_failed"] * 2
    assert "nobody" not in repr(world.uow.committed.facts)


async def test_suspended_user_is_answered_like_a_stranger(world: World) -> None:
    enrolled = await world.register()
    world.uow.committed.users[enrolled.user_id].status = UserStatus.SUSPENDED
    with pytest.raises(InvalidCredentials):
        await world.sign_in()


async def test_eleventh_attempt_is_refused_even_with_the_right_password(world: World) -> None:
    await world.register()
    for _ in range(10):
        with pytest.raises(InvalidCredentials):
            await world.sign_in(password="Wrong-Sunrise-47!")
    with pytest.raises(TooManyAttempts):
        await world.sign_in()


async def test_success_forgets_earlier_attempts(world: World) -> None:
    await world.register()
    for _ in range(25):
        await world.sign_in()
    assert world.attempts.counted == {}


@pytest.mark.clause("ASVS 11.4.2")
async def test_old_hash_is_strengthened_at_sign_in(world: World) -> None:
    enrolled = await world.register()
    world.passwords.outdated = True
    await world.sign_in()
    assert world.uow.committed.users[enrolled.user_id].password_hash.endswith("+")
    world.passwords.outdated = False
    await world.sign_in()


async def test_old_hash_is_strengthened_where_a_second_factor_is_asked_for_too(world: World) -> None:
    enrolled = await world.register()
    world.uow.committed.users[enrolled.user_id].gain_factor(at=world.clock.now())
    world.passwords.outdated = True
    name = SignInName.email("ndapewa@example.na")
    challenged = await world.sign_in_use_case(actor=STRANGER, name=name, password=PASSWORD, device_id=world.device_id)
    assert isinstance(challenged, SecondFactorRequired)
    user_now = world.uow.committed.users[enrolled.user_id]
    assert (user_now.password_hash[-1], user_now.password_changed_at) == ("+", user_now.registered_at)


async def test_without_governance_nobody_signs_in_or_refreshes_and_nothing_is_spent(world: World) -> None:
    await world.register()
    pair = await world.sign_in()
    world.roles.away = True
    with pytest.raises(Unavailable):
        await world.sign_in()
    with pytest.raises(Unavailable):
        await world.refresh(pair.refresh_token)
    world.roles.away = False
    assert (await world.refresh(pair.refresh_token)).refresh_token != pair.refresh_token


async def test_refresh_carries_the_roles_of_now(world: World) -> None:
    await world.register()
    pair = await world.sign_in()
    world.roles.roles = ("staff", "user")
    assert (await world.refresh(pair.refresh_token)).access_token.endswith(":staff,user")


async def test_concurrent_refreshes_have_one_successor(world: World) -> None:
    await world.register()
    pair = await world.sign_in()
    pairs = await asyncio.gather(*(world.refresh(pair.refresh_token) for _ in range(20)))
    assert len({each.refresh_token for each in pairs}) == 1
    assert world.session.generation == 2
    assert world.uow.actions.count("identity.session.refresh") == 1


async def test_reuse_ends_the_session_for_good(world: World) -> None:
    await world.register()
    first = await world.sign_in()
    second = await world.refresh(first.refresh_token)
    world.clock.advance(seconds=11)
    for token in (first, second):
        with pytest.raises(InvalidRefreshToken):
            await world.refresh(token.refresh_token)
    assert world.session.end_reason == "refresh_reused"
    assert world.revocations.ended == {world.session.id: world.clock.now()}
    assert world.uow.actions.count("identity.session.refresh_reused") == 1


async def test_token_on_another_device_ends_the_session(world: World) -> None:
    await world.register()
    pair = await world.sign_in()
    with pytest.raises(InvalidRefreshToken):
        await world.refresh(pair.refresh_token, device_id=uuid4())
    assert world.session.end_reason == "wrong_device"


async def test_made_up_token_ends_nothing(world: World) -> None:
    await world.register()
    await world.sign_in()
    forged = SignedRefreshTokens(bytes([9]) * 32).issue(session_id=world.session.id, user_id=world.session.user_id, generation=1)
    with pytest.raises(InvalidRefreshToken):
        await world.refresh(forged.text)
    assert world.session.is_live


async def test_signing_out_kills_both_tokens_and_may_be_repeated(world: World) -> None:
    enrolled = await world.register()
    pair = await world.sign_in()
    me = user(enrolled.user_id, "user", session_id=world.session.id)
    await world.sign_out(actor=me)
    await world.sign_out(actor=me)
    with pytest.raises(InvalidRefreshToken):
        await world.refresh(pair.refresh_token)
    assert list(world.revocations.ended) == [world.session.id]
    assert world.uow.actions.count("identity.session.end") == 1


async def test_signing_out_of_a_session_that_is_over_tells_gateways_since_when(world: World) -> None:
    """They may have missed it: whoever ended it was interrupted, say."""
    enrolled = await world.register()
    await world.sign_in()
    ended_at = world.clock.now()
    world.session.end(EndReason.EXPIRED, at=ended_at, access_token_life=timedelta(minutes=15))
    world.clock.advance(seconds=60)
    await world.sign_out(actor=user(enrolled.user_id, "user", session_id=world.session.id))
    assert (world.revocations.ended, world.session.end_reason) == ({world.session.id: ended_at}, "expired")


async def test_nobody_signs_another_out(world: World) -> None:
    await world.register()
    await world.sign_in()
    with pytest.raises(NotFound):
        await world.sign_out(actor=user(uuid4(), "user", session_id=world.session.id))
    assert world.session.is_live


async def test_users_see_themselves_and_readers_of_others_see_all(world: World) -> None:
    enrolled = await world.register()
    permissions = permitting({"reader": ["user:read_any"], "user": ["user:read"]}, world.clock)
    reads = NotedReads()
    get = GetUser(permissions, ReadUser(world.queries, reads))
    list_all = ListUsers(world.queries, FakeContacts(), permissions, reads)
    assert (await get(actor=user(enrolled.user_id, "user"), user_id=enrolled.user_id)).full_name == "Ndapewa Shikongo"
    assert (await list_all(actor=user(uuid4(), "reader"), page=PageRequest(), reason="complaint 4711")).total == 1
    with pytest.raises(NotFound):
        await get(actor=user(uuid4(), "user"), user_id=enrolled.user_id)
    with pytest.raises(AccessDenied):
        await list_all(actor=user(uuid4(), "user"), page=PageRequest(), reason="complaint 4711")


async def test_first_administrator_is_made_once(world: World) -> None:
    create = CreateAdministrator(world.uow, world.passwords, PasswordPolicy(), FakeContacts(), generate_password, world.clock)
    made = [await create(email="admin@elcorp.na", password=None, only_first=True) for _ in range(3)]
    assert made[0]
    assert made[0].generated_password
    assert made[1:] == [None, None]
    assert made[0].generated_password not in repr(made[0])
    await world.sign_in(email="admin@elcorp.na", password=made[0].generated_password)
    assert [event.initial_role for event in world.uow.committed.events if isinstance(event, UserRegistered)] == ["admin"]
    another = await create(email="second@elcorp.na", password="Kunene-River-2026!", only_first=False)
    assert another
    assert another.generated_password is None


async def test_weak_administrator_password_is_refused(world: World) -> None:
    create = CreateAdministrator(world.uow, world.passwords, PasswordPolicy(), FakeContacts(), generate_password, world.clock)
    with pytest.raises(WeakPassword):
        await create(email="admin@elcorp.na", password="admin", only_first=True)


async def test_one_key_signs_and_the_next_is_published_already(world: World) -> None:
    ensure = EnsureSigningKeys(world.uow, FakeKeyMaker(), world.clock)
    keys = await ensure()
    assert sorted((key.is_active, key.is_next) for key in keys) == [(False, True), (True, False)]
    assert {key.id for key in await ensure()} == {key.id for key in keys}
    active = next(key for key in world.uow.committed.keys.values() if key.is_active)
    active.retire(at=world.clock.now())
    rotated = await ensure()
    assert [(key.is_active, key.is_next) for key in rotated].count((True, False)) == 1
    assert active.id in {key.id for key in rotated}
    world.clock.advance(seconds=20 * 60)
    assert active.id not in {key.id for key in await ensure()}

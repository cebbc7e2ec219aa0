"""Signing in with a password."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from elcorp.identity.v1.events_pb2 import SessionEnded
from identity.application.factors.challenge_second_factor import SecondFactorRequired
from identity.domain.errors import (
    InvalidCredentials,
    TooManyAttempts,
)
from identity.domain.session import LIVE_MAX
from identity.domain.sign_in_name import SignInName
from identity.domain.user import User
from kernel.errors import Unavailable
from services.identity.tests.fakes import Fakes
from services.identity.tests.fakes.governance import FakeRoles
from services.identity.tests.integration.registry import Registry, RegistryOf, claims_of
from services.identity.tests.people import PASSWORD, STRANGER


async def test_signing_in_starts_a_session_bound_to_the_device(registry: Registry) -> None:
    enrolled = await registry.register()
    pair = await registry.sign_in()
    assert pair.expires_in == 900
    session, claims = await registry.session(), claims_of(pair.access_token)
    assert (claims["sid"], claims["roles"]) == (str(session.id), ["user"])
    assert (session.user_id, session.device_id) == (enrolled.user_id, registry.device_id)
    fact = (await registry.facts())[-1]
    assert (fact.action, fact.actor.subject_id, fact.actor.session_id) == (
        "identity.user.sign_in",
        str(enrolled.user_id),
        str(session.id),
    )
    assert PASSWORD not in repr(pair)
    assert pair.refresh_token not in repr(pair)


async def test_signing_in_again_on_a_device_replaces_its_session(registry: Registry) -> None:
    await registry.register()
    await registry.sign_in()
    registry.clock.advance(seconds=1)
    await registry.sign_in()
    old, new = await registry.sessions()
    assert (old.end_reason, new.is_live) == ("replaced", True)
    assert [event.reason for event in await registry.events(SessionEnded)] == ["replaced"]
    await registry.sign_in(device_id=uuid4())
    assert new.id in {session.id for session in await registry.sessions() if session.is_live}


async def test_too_many_sessions_end_the_longest_idle_ones(registry: Registry) -> None:
    await registry.register()
    kept = await registry.sign_in()
    for _ in range(LIVE_MAX - 1):
        registry.clock.advance(seconds=1)
        await registry.sign_in(device_id=uuid4())
    await registry.refresh(kept.refresh_token)
    for _ in range(2):
        registry.clock.advance(seconds=1)
        await registry.sign_in(device_id=uuid4())
    sessions = await registry.sessions()
    assert [session.end_reason for session in sessions[:4]] == [None, "too_many", "too_many", None]
    assert sum(session.is_live for session in sessions) == LIVE_MAX


@dataclass
class MeddlingRoles(FakeRoles):
    """Change the user while governance is asked: after the password was verified and before the user is locked."""

    meanwhile: Callable[[User], object] = lambda _: None
    registry: Registry | None = None

    async def of(self, user_id: UUID) -> tuple[str, ...]:
        if self.registry:
            await self.registry.change_user(user_id, self.meanwhile)
        return await super().of(user_id)


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda made: made.change_password("$argon2id$another", at=made.registered_at + timedelta(seconds=1)),
        lambda made: made.gain_factor(at=made.registered_at),
        lambda made: made.suspend("Reported as stolen", at=made.registered_at),
    ],
    ids=["another password", "a second factor", "suspended"],
)
async def test_sign_in_fails_if_the_users_credentials_or_status_change_during_it(
    registry_of: RegistryOf, meanwhile: Callable[[User], object]
) -> None:
    roles = MeddlingRoles(meanwhile=meanwhile)
    registry = registry_of(peers=Fakes(roles=roles))
    enrolled = await registry.register()
    roles.registry = registry
    with pytest.raises(InvalidCredentials):
        await registry.sign_in()
    assert await registry.sessions() == []
    fact = (await registry.facts())[-1]
    assert (fact.action, fact.resource_id) == ("identity.user.sign_in_failed", str(enrolled.user_id))
    assert (fact.reason, list(fact.related_ids), fact.actor.device_id) == (
        "changed_meanwhile",
        [str(registry.device_id)],
        str(registry.device_id),
    )


@pytest.mark.clause("ASVS 6.3.8")
async def test_an_unknown_name_and_a_wrong_password_cost_and_answer_the_same(registry: Registry) -> None:
    await registry.register()
    refusals = []
    for email, password in (("ndapewa@example.na", "Wrong-Sunrise-47!"), ("nobody@example.na", PASSWORD)):
        with pytest.raises(InvalidCredentials) as refused:
            await registry.sign_in(email=email, password=password)
        refusals.append((refused.value.message, refused.value.facts))
    assert refusals[0] == refusals[1]
    assert len(registry.passwords.verified) == 2
    assert (await registry.actions())[-2:] == ["identity.user.sign_in_failed"] * 2
    assert "nobody" not in repr(await registry.facts())


async def test_a_suspended_user_gets_the_same_answer_as_an_unknown_one(registry: Registry) -> None:
    enrolled = await registry.register()
    await registry.change_user(enrolled.user_id, lambda user: user.suspend("Reported as stolen", at=registry.clock.now()))
    with pytest.raises(InvalidCredentials):
        await registry.sign_in()


async def test_the_eleventh_attempt_is_refused_even_with_the_right_password(registry: Registry) -> None:
    await registry.register()
    for _ in range(10):
        with pytest.raises(InvalidCredentials):
            await registry.sign_in(password="Wrong-Sunrise-47!")
    with pytest.raises(TooManyAttempts):
        await registry.sign_in()


async def test_a_success_clears_earlier_attempts(registry: Registry) -> None:
    await registry.register()
    for _ in range(25):
        await registry.sign_in()
    assert registry.peers.attempts.counted == {}


@pytest.mark.clause("ASVS 11.4.2")
async def test_an_old_hash_is_upgraded_at_sign_in(registry: Registry) -> None:
    enrolled = await registry.register()
    registry.passwords.outdated = True
    await registry.sign_in()
    assert (await registry.user(enrolled.user_id)).password_hash.endswith("+")
    registry.passwords.outdated = False
    await registry.sign_in()


async def test_an_old_hash_is_upgraded_if_a_second_factor_is_required_too(registry: Registry) -> None:
    enrolled = await registry.register()
    await registry.change_user(enrolled.user_id, lambda user: user.gain_factor(at=registry.clock.now()))
    registry.passwords.outdated = True
    name = SignInName.email("ndapewa@example.na")
    challenged = await registry.identity.sessions.sign_in(
        actor=STRANGER, name=name, password=PASSWORD, device_id=registry.device_id
    )
    assert isinstance(challenged, SecondFactorRequired)
    user_now = await registry.user(enrolled.user_id)
    assert (user_now.password_hash[-1], user_now.password_changed_at) == ("+", user_now.registered_at)


async def test_without_governance_sign_in_and_refresh_fail_and_use_up_nothing(registry: Registry) -> None:
    await registry.register()
    pair = await registry.sign_in()
    registry.roles.away = True
    with pytest.raises(Unavailable):
        await registry.sign_in()
    with pytest.raises(Unavailable):
        await registry.refresh(pair.refresh_token)
    registry.roles.away = False
    assert (await registry.refresh(pair.refresh_token)).refresh_token != pair.refresh_token

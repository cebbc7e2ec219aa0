"""Concurrent requests, on real rows and locks."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from identity.application import Identity
from identity.application.ports.session_rules import TokenPair
from identity.application.registration.verification import VerificationResult
from identity.domain.errors import InvalidCode, InvalidRefreshToken, UserExists
from identity.domain.refresh_token import REMEMBERED_MAX
from identity.domain.sign_in_name import SignInName
from kernel.actor import Actor, ActorKind
from services.identity.tests.people import CODE, DETAILS, PASSWORD, STRANGER, register
from services.identity.tests.stored import rows


async def sign_in(identity: Identity, device_id: UUID) -> TokenPair:
    name = SignInName.email("ndapewa@example.na")
    pair = await identity.sessions.sign_in(actor=STRANGER, name=name, password=PASSWORD, device_id=device_id)
    assert isinstance(pair, TokenPair)
    return pair


async def refresh(identity: Identity, token: str, device_id: UUID) -> TokenPair:
    return await identity.sessions.refresh_session(actor=STRANGER, refresh_token=token, device_id=device_id)


async def outcomes(calls: Iterable[Awaitable[Any]]) -> list[Any]:
    return await asyncio.gather(*calls, return_exceptions=True)


@pytest.mark.clause("RFC 9700 4.14.2 retry")
async def test_twenty_concurrent_refreshes_have_one_successor(identity: Identity, database: Database) -> None:
    device_id = uuid4()
    await register(identity)
    pair = await sign_in(identity, device_id)
    pairs = await asyncio.gather(*(refresh(identity, pair.refresh_token, device_id) for _ in range(20)))
    assert len({each.refresh_token for each in pairs}) == 1
    assert await rows(database, "SELECT generation, ended_at FROM sessions") == [(2, None)]
    again = await refresh(identity, pairs[0].refresh_token, device_id)
    assert again.refresh_token != pairs[0].refresh_token


@pytest.mark.clause("RFC 9700 4.14.2 retry")
async def test_many_rounds_of_concurrent_refreshes_never_fork_the_chain(identity: Identity, database: Database) -> None:
    device_id = uuid4()
    await register(identity)
    token = (await sign_in(identity, device_id)).refresh_token
    for _ in range(10):
        successors = {
            pair.refresh_token for pair in await asyncio.gather(*(refresh(identity, token, device_id) for _ in range(4)))
        }
        (token,) = successors
    assert await rows(database, "SELECT generation, ended_at FROM sessions") == [(11, None)]


@pytest.mark.clause("RFC 9700 4.14.2 retry")
async def test_a_used_token_gets_the_live_successor_however_many_refreshes_later(
    identity: Identity, database: Database, clock: ControlledClock
) -> None:
    """A slow tab presents the first token after another tab has refreshed three times."""
    device_id = uuid4()
    await register(identity)
    first = (await sign_in(identity, device_id)).refresh_token
    token = first
    for _ in range(3):
        clock.advance(seconds=3)
        token = (await refresh(identity, token, device_id)).refresh_token
    clock.advance(seconds=4)
    assert (await refresh(identity, first, device_id)).refresh_token == token
    assert await rows(database, "SELECT generation, ended_at FROM sessions") == [(4, None)]
    clock.advance(seconds=0.5)
    with pytest.raises(InvalidRefreshToken):
        await refresh(identity, first, device_id)
    assert await rows(database, "SELECT end_reason FROM sessions") == [("refresh_reused",)]


async def test_a_client_that_refreshes_without_pause_keeps_its_session(identity: Identity, database: Database) -> None:
    device_id = uuid4()
    await register(identity)
    token = (await sign_in(identity, device_id)).refresh_token
    for _ in range(REMEMBERED_MAX + 2):
        token = (await refresh(identity, token, device_id)).refresh_token
    generation = REMEMBERED_MAX + 1
    query = "SELECT generation, jsonb_array_length(earlier_used), ended_at FROM sessions"
    assert await rows(database, query) == [(generation, REMEMBERED_MAX - 1, None)]


@pytest.mark.clause("ASVS 10.4.5", "RFC 9700 4.14.2")
async def test_reuse_after_ten_seconds_ends_the_session_and_announces_it(
    identity: Identity,
    database: Database,
    clock: ControlledClock,
) -> None:
    device_id = uuid4()
    await register(identity)
    first = await sign_in(identity, device_id)
    second = await refresh(identity, first.refresh_token, device_id)
    clock.advance(seconds=10.5)
    for token in (first.refresh_token, second.refresh_token):
        with pytest.raises(InvalidRefreshToken):
            await refresh(identity, token, device_id)
    assert await rows(database, "SELECT end_reason FROM sessions") == [("refresh_reused",)]
    events = await rows(database, "SELECT type FROM outbox WHERE type LIKE 'identity.session%'")
    assert events == [("identity.session.ended",)]


@pytest.mark.clause("ASVS 7.4.1 race")
async def test_a_refresh_concurrent_with_sign_out_never_leaves_a_live_token(identity: Identity, database: Database) -> None:
    device_id = uuid4()
    enrolled = await register(identity)
    for _ in range(5):
        pair = await sign_in(identity, device_id)
        ((session_id,),) = await rows(database, "SELECT id FROM sessions WHERE ended_at IS NULL")
        me = Actor(kind=ActorKind.USER, subject_id=str(enrolled.user_id), session_id=session_id)
        answers = await outcomes(
            [
                refresh(identity, pair.refresh_token, device_id),
                identity.sessions.sign_out(actor=me),
                refresh(identity, pair.refresh_token, device_id),
            ]
        )
        for answer in [pair, *answers]:
            if isinstance(answer, TokenPair):
                (after,) = await outcomes([refresh(identity, answer.refresh_token, device_id)])
                assert isinstance(after, InvalidRefreshToken)


async def test_concurrent_sign_ins_on_a_device_leave_one_session(identity: Identity, database: Database) -> None:
    device_id = uuid4()
    await register(identity)
    pairs = await asyncio.gather(*(sign_in(identity, device_id) for _ in range(6)))
    assert len(pairs) == 6
    assert await rows(database, "SELECT count(*) FROM sessions WHERE ended_at IS NULL") == [(1,)]
    assert await rows(database, "SELECT count(*) FROM devices") == [(1,)]


async def test_concurrent_registrations_of_an_email_create_one_user(identity: Identity, database: Database) -> None:
    answers = await outcomes(register(identity, phone=f"+26481123456{number}") for number in range(6))
    assert sum(isinstance(answer, UserExists) for answer in answers) == 5
    for table in ("users", "profiles", "subject_keys", "wallet_addresses"):
        assert await rows(database, f"SELECT count(*) FROM {table}") == [(1,)]


async def test_processes_that_start_together_create_one_administrator_and_two_keys(
    identity: Identity, database: Database
) -> None:
    made = await asyncio.gather(
        *(identity.users.create_administrator(email="admin@elcorp.na", password=None, only_first=True) for _ in range(4)),
    )
    await asyncio.gather(*(identity.signing_keys.ensure_signing_keys() for _ in range(4)))
    assert sum(each is not None for each in made) == 1
    assert await rows(database, "SELECT activated_at IS NOT NULL FROM signing_keys ORDER BY 1") == [(False,), (True,)]


async def test_fifty_concurrent_uses_of_one_code_create_one_user(identity: Identity, database: Database) -> None:
    """ASVS 6.5.1."""
    pending = await identity.registration.register_user(actor=STRANGER, **DETAILS)
    show = identity.registration.verify_email
    answers = await outcomes([show(actor=STRANGER, verification_id=pending.id, code=CODE) for _ in range(50)])
    assert sum(isinstance(answer, VerificationResult) for answer in answers) == 1
    assert sum(isinstance(answer, InvalidCode) for answer in answers) == 49
    assert await rows(database, "SELECT count(*) FROM users") == [(1,)]


async def test_fifty_concurrent_wrong_codes_count_as_five(identity: Identity, database: Database) -> None:
    pending = await identity.registration.register_user(actor=STRANGER, **DETAILS)
    show = identity.registration.verify_email
    guesses = [show(actor=STRANGER, verification_id=pending.id, code=f"{number:06d}") for number in range(50)]
    assert {type(answer) for answer in await outcomes(guesses)} == {InvalidCode}
    assert await rows(database, "SELECT tries FROM one_time_codes") == [(5,)]
    assert [type(answer) for answer in await outcomes([show(actor=STRANGER, verification_id=pending.id, code=CODE)])] == [
        InvalidCode
    ]


@pytest.mark.clause("ASVS 7.4.2")
async def test_suspending_a_user_during_sign_in_leaves_no_live_session(identity: Identity, database: Database) -> None:
    """ASVS 7.4.2, in either order."""
    user_id = (await register(identity)).user_id
    admin = Actor(kind=ActorKind.USER, subject_id=str(uuid4()), roles=frozenset({"admin"}))
    suspend = identity.users.suspend_user(actor=admin, user_id=user_id, reason="Reported as stolen")
    await outcomes([sign_in(identity, uuid4()), suspend, sign_in(identity, uuid4()), sign_in(identity, uuid4())])
    assert await rows(database, "SELECT count(*) FROM sessions WHERE ended_at IS NULL") == [(0,)]


async def test_of_two_concurrent_password_changes_one_succeeds_and_the_history_is_kept(
    identity: Identity, database: Database, clock: ControlledClock
) -> None:
    user_id = (await register(identity)).user_id
    me = Actor(kind=ActorKind.USER, subject_id=str(user_id), authenticated_at=clock.now(), methods=("pwd",))
    change = identity.passwords.change_password
    answers = await outcomes(
        [change(actor=me, user_id=user_id, current=PASSWORD, new=f"Kavango-Morning-{number}3?*") for number in range(3)]
    )
    assert sum(answer is None for answer in answers) == 1
    assert await rows(database, "SELECT count(*) FROM password_history") == [(1,)]

"""Refreshing a session, and signing out of it."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from identity.domain.errors import (
    InvalidRefreshToken,
)
from identity.domain.session import EndReason
from identity.infrastructure.refresh_tokens import SignedRefreshTokens
from kernel.errors import NotFound
from services.identity.tests.integration.registry import Registry, claims_of, user_actor


async def test_a_refresh_carries_the_current_roles(registry: Registry) -> None:
    await registry.register()
    pair = await registry.sign_in()
    registry.roles.roles = ("staff", "user")
    assert claims_of((await registry.refresh(pair.refresh_token)).access_token)["roles"] == ["staff", "user"]


async def test_concurrent_refreshes_have_one_successor(registry: Registry) -> None:
    await registry.register()
    pair = await registry.sign_in()
    pairs = await asyncio.gather(*(registry.refresh(pair.refresh_token) for _ in range(20)))
    assert len({each.refresh_token for each in pairs}) == 1
    assert (await registry.session()).generation == 2
    assert (await registry.actions()).count("identity.session.refresh") == 1


async def test_token_reuse_ends_the_session_permanently(registry: Registry) -> None:
    await registry.register()
    first = await registry.sign_in()
    second = await registry.refresh(first.refresh_token)
    registry.clock.advance(seconds=11)
    for token in (first, second):
        with pytest.raises(InvalidRefreshToken):
            await registry.refresh(token.refresh_token)
    assert (await registry.session()).end_reason == "refresh_reused"
    assert registry.peers.revocations.ended == {(await registry.session()).id: registry.clock.now()}
    assert (await registry.actions()).count("identity.session.refresh_reused") == 1


async def test_a_token_on_another_device_ends_the_session(registry: Registry) -> None:
    await registry.register()
    pair = await registry.sign_in()
    with pytest.raises(InvalidRefreshToken):
        await registry.refresh(pair.refresh_token, device_id=uuid4())
    assert (await registry.session()).end_reason == "wrong_device"


async def test_a_forged_token_ends_no_session(registry: Registry) -> None:
    await registry.register()
    await registry.sign_in()
    session = await registry.session()
    forged = SignedRefreshTokens(bytes([9]) * 32).issue(session_id=session.id, user_id=session.user_id, generation=1)
    with pytest.raises(InvalidRefreshToken):
        await registry.refresh(forged.text)
    assert (await registry.session()).is_live


async def test_signing_out_ends_both_tokens_and_may_be_repeated(registry: Registry) -> None:
    enrolled = await registry.register()
    pair = await registry.sign_in()
    me = user_actor(enrolled.user_id, "user", session_id=(await registry.session()).id)
    await registry.identity.sessions.sign_out(actor=me)
    await registry.identity.sessions.sign_out(actor=me)
    with pytest.raises(InvalidRefreshToken):
        await registry.refresh(pair.refresh_token)
    assert list(registry.peers.revocations.ended) == [(await registry.session()).id]
    assert (await registry.actions()).count("identity.session.end") == 1


async def test_signing_out_of_an_ended_session_reports_its_end_time_to_gateways(registry: Registry) -> None:
    """They may have missed it, for example if the process that ended the session was interrupted."""
    enrolled = await registry.register()
    await registry.sign_in()
    ended_at, session_id = registry.clock.now(), (await registry.session()).id
    await registry.change_session(
        session_id, lambda session: session.end(EndReason.EXPIRED, at=ended_at, access_token_life=timedelta(minutes=15))
    )
    registry.clock.advance(seconds=60)
    await registry.identity.sessions.sign_out(actor=user_actor(enrolled.user_id, "user", session_id=session_id))
    assert (registry.peers.revocations.ended, (await registry.session()).end_reason) == ({session_id: ended_at}, "expired")


async def test_nobody_signs_another_user_out(registry: Registry) -> None:
    await registry.register()
    await registry.sign_in()
    with pytest.raises(NotFound):
        await registry.identity.sessions.sign_out(actor=user_actor(uuid4(), "user", session_id=(await registry.session()).id))
    assert (await registry.session()).is_live

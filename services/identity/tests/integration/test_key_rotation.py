"""A key is published before it signs, kept until its last token has expired, and then dropped."""

import argparse
import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest
from pydantic import SecretStr
from sqlalchemy.exc import OperationalError

from chassis.auth import ExpiredToken, InvalidToken, TokenVerifier
from chassis.crypto import BlindIndex
from chassis.persistence.database import Database
from chassis.redis import redis_client
from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import DatabaseUrls
from chassis.testing.running import eventually, running
from identity.application import Identity
from identity.application.attempts.counters import counter_of
from identity.application.signing_keys.rotate_signing_keys import RotateSigningKeys
from identity.commands.signing_keys import rotate_keys
from identity.commands.users import unlock
from identity.domain.errors import TooManyAttempts
from identity.domain.proof import Proof
from identity.domain.session import Session
from identity.domain.signing_key import PUBLISHED_AFTER_RETIREMENT, PUBLISHED_BEFORE_USE, SigningKey
from identity.infrastructure.access_tokens import JwtAccessTokens
from identity.infrastructure.refresh_tokens import SignedRefreshTokens
from identity.infrastructure.signing_keys import KeyReloader, KeyRing, SealedKeyMaker
from identity.settings import IdentitySettings
from identity.wiring.adapters import attempts
from kernel.assurance import Factors
from kernel.clock import SystemClock
from services.identity.tests.contract.outbox import IDENTITY, recording
from services.identity.tests.integration.storage import Storage
from services.identity.tests.people import register
from services.identity.tests.stored import rows

LIFE = timedelta(days=30)


@pytest.fixture
def tokens(ring: KeyRing, settings: IdentitySettings) -> JwtAccessTokens:
    return JwtAccessTokens(ring, issuer=settings.token_issuer, audience=settings.token_audience, life=settings.access_token_life)


@pytest.fixture
def verifier(ring: KeyRing, settings: IdentitySettings, clock: ControlledClock) -> TokenVerifier:
    """Without a cache, so that each token is verified against the current keys."""
    return TokenVerifier(settings.token_issuer, settings.token_audience, ring, clock, cache_size=1)


def issue(tokens: JwtAccessTokens, clock: ControlledClock) -> str:
    first = SignedRefreshTokens(bytes(32)).issue(session_id=uuid4(), user_id=uuid4(), generation=1)
    session = Session.start(
        first, device_id=uuid4(), proof=Proof.of(("pwd",), at=clock.now()), life=timedelta(days=7), at=clock.now()
    )
    return tokens.issue(session, roles=("user",), factors=Factors(0, has_second=False), at=clock.now())


def key_of(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


def published(ring: KeyRing) -> set[str]:
    return {key["kid"] for key in ring.jwks()["keys"]}


async def reload(identity: Identity, ring: KeyRing) -> None:
    ring.load(await identity.signing_keys.list_signing_keys())


@pytest.mark.clause("RFC 7517 rotation")
async def test_the_next_key_is_published_before_it_signs_and_the_old_key_until_its_tokens_expire(
    identity: Identity, ring: KeyRing, tokens: JwtAccessTokens, verifier: TokenVerifier, clock: ControlledClock
) -> None:
    rotate = identity.signing_keys.rotate_signing_keys
    assert not (await rotate()).rotated
    known = published(ring)
    clock.advance(days=30)
    old = issue(tokens, clock)
    rotation = await rotate()
    assert rotation.rotated
    assert str(rotation.signing_id) in known
    # A replica that has not reloaded yet signs with the old key, and verifiers still accept it.
    assert key_of(issue(tokens, clock)) == key_of(old)
    await reload(identity, ring)
    assert published(ring) == {key_of(old), str(rotation.signing_id), str(rotation.next_id)}
    new = issue(tokens, clock)
    assert key_of(new) == str(rotation.signing_id)
    assert (await verifier.verify(new)).issued_at == (await verifier.verify(old)).issued_at
    clock.advance(seconds=899)
    assert await verifier.verify(old)
    clock.advance(seconds=1)
    await verifier.verify(issue(tokens, clock))
    with pytest.raises(ExpiredToken):
        await verifier.verify(old)
    clock.advance(seconds=PUBLISHED_AFTER_RETIREMENT.total_seconds())
    assert not (await rotate()).rotated
    await reload(identity, ring)
    assert published(ring) == {str(rotation.signing_id), str(rotation.next_id)}


async def test_concurrent_rotations_rotate_once(identity: Identity, database: Database, clock: ControlledClock) -> None:
    clock.advance(days=30)
    rotations = await asyncio.gather(*(identity.signing_keys.rotate_signing_keys() for _ in range(6)))
    assert sum(rotation.rotated for rotation in rotations) == 1
    states = "SELECT activated_at IS NOT NULL, retired_at IS NOT NULL FROM signing_keys ORDER BY 1, 2"
    assert await rows(database, states) == [(False, False), (True, False), (True, True)]


async def test_a_key_that_verifiers_may_not_know_yet_does_not_sign(
    storage: Storage, settings: IdentitySettings, clock: ControlledClock
) -> None:
    rotate = RotateSigningKeys(storage.uow, SealedKeyMaker(settings.key()), clock, LIFE)
    first = await rotate()
    assert first.rotated
    hurried = await rotate(early=True)
    assert (hurried.rotated, hurried.signing_id, hurried.next_id) == (False, first.signing_id, first.next_id)
    clock.advance(seconds=PUBLISHED_BEFORE_USE.total_seconds())
    assert not (await rotate()).rotated
    early = await rotate(early=True)
    assert (early.rotated, early.signing_id) == (True, first.next_id)
    assert {key.id for key in await storage.views.signing_keys.signing_keys()} == {
        first.signing_id,
        early.signing_id,
        early.next_id,
    }
    clock.advance(seconds=PUBLISHED_AFTER_RETIREMENT.total_seconds())
    await rotate()
    assert {key.id for key in await storage.views.signing_keys.signing_keys()} == {early.signing_id, early.next_id}


async def test_tokens_of_a_compromised_key_are_refused(
    identity: Identity, ring: KeyRing, tokens: JwtAccessTokens, verifier: TokenVerifier, clock: ControlledClock
) -> None:
    stolen = issue(tokens, clock)
    before = published(ring)
    assert (await identity.signing_keys.rotate_signing_keys(compromised=True)).rotated
    await reload(identity, ring)
    assert published(ring).isdisjoint(before)
    with pytest.raises(InvalidToken):
        await verifier.verify(stolen)
    assert await verifier.verify(issue(tokens, clock))


async def test_the_command_rotates_and_reports_it(
    identity: Identity, settings: IdentitySettings, database_urls: DatabaseUrls, capsys: pytest.CaptureFixture[str]
) -> None:
    own = settings.model_copy(update={"database_url": SecretStr(database_urls.app)})
    compromised = argparse.Namespace(compromised=True)
    before = {key.id for key in await identity.signing_keys.list_signing_keys()}
    assert await rotate_keys(own, compromised) == 0
    assert "signs now" in capsys.readouterr().out
    # Neither the compromised key nor the next one, which may have leaked too.
    assert before.isdisjoint(key.id for key in await identity.signing_keys.list_signing_keys())
    assert await rotate_keys(own, argparse.Namespace(compromised=False)) == 1
    assert "can sign from" in capsys.readouterr().out


async def test_the_jwks_document_omits_keys_retired_long_ago(identity: Identity, ring: KeyRing, clock: ControlledClock) -> None:
    """Even before the key ring is loaded again."""
    before = published(ring)
    clock.advance(seconds=LIFE.total_seconds())
    assert (await identity.signing_keys.rotate_signing_keys()).rotated
    await reload(identity, ring)
    assert before < published(ring)
    clock.advance(seconds=PUBLISHED_AFTER_RETIREMENT.total_seconds() - 1)
    assert before < published(ring)
    clock.advance(seconds=1)
    assert len(before - published(ring)) == 1


async def test_reloading_continues_after_the_database_was_unavailable(
    identity: Identity, ring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("identity.infrastructure.signing_keys.RELOAD_SECONDS", 0)
    asked = 0

    async def read() -> Sequence[SigningKey]:
        nonlocal asked
        asked += 1
        if asked < 3:
            raise OperationalError("SELECT", {}, Exception("away"))
        return await identity.signing_keys.list_signing_keys()

    before = published(ring)
    assert (await identity.signing_keys.rotate_signing_keys(compromised=True)).rotated

    async def changed() -> bool:
        return published(ring).isdisjoint(before)

    async with running(KeyReloader(read, ring).run):
        await eventually(changed, expected=True)
    assert asked >= 3


@pytest.mark.parametrize("by", ["user_id", "email"])
async def test_the_command_unlocks_the_named_user(
    identity: Identity, database: Database, settings: IdentitySettings, database_urls: DatabaseUrls, redis_url: str, by: str
) -> None:
    enrolled = await register(identity)
    urls = {"database_url": SecretStr(database_urls.app), "redis_url": SecretStr(redis_url)}
    own, redis = settings.model_copy(update=urls), redis_client(redis_url)
    counted = attempts(own, redis)
    account = counter_of(BlindIndex(settings.digest(), purpose="sign-in-name"), enrolled.user_id)
    for _ in range(own.login_attempts_per_hour):
        await counted.admit(account, "198.51.100.7")
    with pytest.raises(TooManyAttempts):
        await counted.admit(account, "198.51.100.7")
    nobody: dict[str, Any] = {"user_id": None, "email": None, "reason": "asked"}
    named = {"user_id": enrolled.user_id} if by == "user_id" else {"email": "ndapewa@example.na"}
    stranger = {"user_id": uuid4()} if by == "user_id" else {"email": "nobody@example.na"}
    assert await unlock(own, argparse.Namespace(**{**nobody, **stranger})) == 1
    with pytest.raises(TooManyAttempts):
        await counted.admit(account, "198.51.100.7")
    async with recording(database) as record:
        assert await unlock(own, argparse.Namespace(**{**nobody, **named})) == 0
    (done,) = record.facts
    assert (done["action"], done["reason"], done["actor"]) == ("identity.user.unlock", "asked", IDENTITY)
    assert done["resource_id"] == str(enrolled.user_id)
    await counted.admit(account, "198.51.100.7")
    await redis.aclose()


async def test_the_command_rotates_once_the_next_key_is_known(
    identity: Identity,
    settings: IdentitySettings,
    database: Database,
    database_urls: DatabaseUrls,
    clock: ControlledClock,
    capsys: pytest.CaptureFixture[str],
) -> None:
    own = settings.model_copy(update={"database_url": SecretStr(database_urls.app)})
    # Keys that are eleven minutes old: verifiers know the next one, and the other has signed for less than its lifetime.
    clock.advance(seconds=(SystemClock().now() - clock.now()).total_seconds() - 11 * 60)
    assert (await identity.signing_keys.rotate_signing_keys(compromised=True)).rotated
    (following,) = [key.id for key in await identity.signing_keys.list_signing_keys() if key.is_next]
    assert await rotate_keys(own, argparse.Namespace(compromised=False)) == 0
    assert f"{following} signs now" in capsys.readouterr().out
    assert await rows(database, "SELECT count(*) FROM signing_keys") == [(3,)]


async def test_the_command_unlocks_by_email(
    identity: Identity,
    database: Database,
    settings: IdentitySettings,
    database_urls: DatabaseUrls,
    redis_url: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    enrolled = await register(identity)
    redis = redis_client(redis_url)
    # The limit of failures in a row applies before the hourly one; both differ from a process's defaults.
    limits = {"login_attempts_per_hour": 7, "login_failures_in_a_row": 4}
    urls = {"database_url": SecretStr(database_urls.app), "redis_url": SecretStr(redis_url)}
    own = settings.model_copy(update={**limits, **urls})
    counted = attempts(own, redis)
    account = counter_of(BlindIndex(settings.digest(), purpose="sign-in-name"), enrolled.user_id)
    for _ in range(own.login_failures_in_a_row):
        await counted.admit(account, "198.51.100.7")
    with pytest.raises(TooManyAttempts):
        await counted.admit(account, "198.51.100.7")
    assert await unlock(own, argparse.Namespace(user_id=None, email="nobody@example.na", reason="asked")) == 1
    assert await unlock(own, argparse.Namespace(user_id=None, email="ndapewa@example.na", reason="asked")) == 0
    assert f"{enrolled.user_id} can sign in again" in capsys.readouterr().out
    await counted.admit(account, "198.51.100.7")
    await redis.aclose()
    query = "SELECT count(*) FROM outbox WHERE encode(payload, 'escape') LIKE '%identity.user.unlock%'"
    assert await rows(database, query) == [(1,)]

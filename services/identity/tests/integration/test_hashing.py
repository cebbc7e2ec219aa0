"""Argon2id in its bounded pool (ASVS 11.4.2)."""

import asyncio
import threading
from contextlib import suppress

import pytest
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from chassis.testing.running import eventually
from identity.infrastructure.passwords import Argon2Passwords, HashingBusy
from identity.settings import IdentitySettings

PASSWORD = "Oshana-Sunrise-47!"


async def test_defaults_are_owasps_minimum() -> None:
    settings = IdentitySettings()
    passwords = Argon2Passwords(memory_kib=settings.argon2_memory_kib, passes=settings.argon2_passes)
    assert (await passwords.hash(PASSWORD)).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_only_the_right_password_matches() -> None:
    passwords = Argon2Passwords(memory_kib=64, passes=1)
    stored = await passwords.hash(PASSWORD)
    assert (await passwords.verify(stored, PASSWORD)).matches
    assert not (await passwords.verify(stored, PASSWORD + " ")).matches
    assert not (await passwords.verify(None, "nobody's password")).matches


@pytest.mark.parametrize(("stored", "error"), [("$argon2id$broken", VerificationError), ("no hash", InvalidHashError)])
async def test_a_hash_that_cannot_be_computed_is_an_error_and_not_a_wrong_password(stored: str, error: type[Exception]) -> None:
    with pytest.raises(error) as raised:
        await Argon2Passwords(memory_kib=64, passes=1).verify(stored, PASSWORD)
    assert not isinstance(raised.value, VerifyMismatchError)


async def test_a_hash_with_older_parameters_is_upgraded() -> None:
    older, today = Argon2Passwords(memory_kib=64, passes=1), Argon2Passwords(memory_kib=128, passes=1)
    verified = await today.verify(await older.hash(PASSWORD), PASSWORD)
    assert verified.stronger_hash
    assert (await today.verify(verified.stronger_hash, PASSWORD)).stronger_hash is None


async def test_a_full_pool_refuses_at_once_and_recovers() -> None:
    passwords = Argon2Passwords(memory_kib=19_456, passes=2, workers=1, waiting_max=2)
    answers = await asyncio.gather(*(passwords.hash(PASSWORD) for _ in range(8)), return_exceptions=True)
    busy = [answer for answer in answers if isinstance(answer, HashingBusy)]
    assert (len(busy), busy[0].retry_after_seconds) == (5, 1)
    assert await passwords.hash(PASSWORD)


async def test_a_disconnected_caller_frees_its_slot_only_when_the_thread_ends() -> None:
    passwords = Argon2Passwords(memory_kib=64, passes=1, workers=1, waiting_max=1)
    # A hash that takes as long as the test says, on a machine under any load.
    done = threading.Event()
    hung_up = [asyncio.create_task(passwords._run("hash", done.wait)) for _ in range(2)]
    await asyncio.sleep(0)
    for task in hung_up:
        task.cancel()
    await asyncio.gather(*hung_up, return_exceptions=True)
    try:
        with pytest.raises(HashingBusy):
            await passwords.hash(PASSWORD)
    finally:
        done.set()

    async def hashes() -> bool:
        with suppress(HashingBusy):
            return bool(await passwords.hash(PASSWORD))
        return False

    await eventually(hashes)

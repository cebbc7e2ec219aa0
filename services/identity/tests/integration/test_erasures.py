"""Erasures and their receipts in PostgreSQL."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from identity.application.erasures.complete_erasure import complete
from identity.application.users.views import UserFilter
from identity.domain.erasure import CONTEXTS, Acknowledgement, ErasureStatus
from identity.domain.recovery_request import RecoveryReason, RecoveryRequest, RecoveryStatus
from identity.domain.sign_in_name import SignInName
from identity.domain.user import UserStatus
from identity.infrastructure.erasure_receipts import ReceiptKey, verify_receipt
from identity.infrastructure.sql.erasures import receipt_keys
from identity.settings import IdentitySettings
from identity.wiring.adapters import vault
from services.identity.tests.integration.storage import (
    HERE,
    PAGE,
    Storage,
    enrol_user,
    fact,
    holder,
    register_device,
    request_erasure,
    someone,
)

RESTRICTED = UserFilter(status=UserStatus.RESTRICTED)


async def answer_all(storage: Storage, clock: ControlledClock, erasure_id: UUID, *, days: int = 0) -> None:
    until = clock.now() + timedelta(days=days) if days else None
    async with storage.uow.begin(HERE) as tx:
        erasure = await tx.erasures.lock(erasure_id)
        assert erasure
        for context in sorted(CONTEXTS):
            assert erasure.acknowledge(context, Acknowledgement(clock.now(), ("something",), until))
        tx.record(fact(clock))


async def test_reads_return_no_restricted_or_erased_user(storage: Storage, clock: ControlledClock) -> None:
    user_id = (await enrol_user(storage, clock, username="ndapewa")).user_id
    erasure_id = await request_erasure(storage, clock, user_id)

    async def shown() -> list[Any]:
        listed = (await storage.views.users.users(PAGE)).total, (await storage.views.users.users(PAGE, RESTRICTED)).total
        return [await storage.views.users.user(user_id), await storage.views.user_data.held_about(user_id), *listed]

    assert await shown() == [None, None, 0, 1]
    await answer_all(storage, clock, erasure_id)
    async with storage.uow.begin(HERE) as tx:
        await complete(tx, await tx.users.lock(user_id), await tx.erasures.lock(erasure_id), at=clock.now())
    assert await shown() == [None, None, 0, 0]
    for name in (SignInName.email("ndapewa@example.na"), SignInName.username("ndapewa")):
        assert await storage.views.credentials.credential(name) is None


async def test_an_erasure_runs_to_completion_and_keeps_the_users_id(storage: Storage, clock: ControlledClock) -> None:
    enrolled = await enrol_user(storage, clock, username="ndapewa")
    erasure_id = await request_erasure(storage, clock, enrolled.user_id)
    await answer_all(storage, clock, erasure_id, days=1)
    view = await storage.views.erasures.erasure(erasure_id)
    assert view
    assert (view.status, tuple(view.answered)) == (ErasureStatus.RESTRICTED, tuple(sorted(CONTEXTS)))
    assert view.restricted_until == clock.now() + timedelta(days=1)
    clock.advance(seconds=timedelta(days=1).total_seconds())
    async with storage.uow.begin(HERE) as tx:
        assert await tx.erasures.user_of(erasure_id) == enrolled.user_id
        user, erasure = await tx.users.lock(enrolled.user_id), await tx.erasures.lock_of(enrolled.user_id)
        assert user
        assert erasure
        assert erasure.id == erasure_id
        await complete(tx, user, erasure, at=clock.now())
    view = await storage.views.erasures.erasure(erasure_id)
    assert view
    assert view.receipt
    assert (view.status, view.erased_at, set(view.receipt)) == (
        ErasureStatus.ERASED,
        clock.now(),
        {"statement", "key_id", "signature"},
    )
    async with storage.uow.begin(HERE) as tx:
        user = await tx.users.lock(enrolled.user_id)
        assert user
        assert (user.status, user.username, user.password_hash) == (UserStatus.ERASED, None, "$argon2id$erased")
    assert await holder(storage, enrolled.wallet_address) == (enrolled.user_id, False, None)
    assert await storage.views.user_data.held_about(enrolled.user_id) is None


async def test_free_text_is_removed_from_rows_that_stay_after_an_erasure(
    storage: Storage, database: Database, clock: ControlledClock
) -> None:
    """References to the user's id stay; text that a person wrote does not."""
    enrolled = await enrol_user(storage, clock)
    device_id = await register_device(storage, clock, enrolled.user_id)
    request = RecoveryRequest.ask(uuid4(), enrolled.user_id, RecoveryReason.LOST, at=clock.now())
    assert request.confirm(at=clock.now())
    request.decide(RecoveryStatus.REJECTED, by=uuid4(), reason="Her sister called", at=clock.now())
    async with storage.uow.begin(HERE) as tx:
        tx.recovery_requests.add(request)
        (await tx.devices.find(enrolled.user_id, device_id)).rename("Telephone of Ndapewa")
        await tx.wallet_addresses.label(await tx.wallet_addresses.lock(enrolled.wallet_address), "Rent")
        tx.record(fact(clock))

    async def words() -> list[bool]:
        query = """
            SELECT r.decision_reason IS NULL, d.name IS NULL, w.label IS NULL
            FROM recovery_requests r JOIN devices d USING (user_id) JOIN wallet_addresses w USING (user_id)
        """
        async with database.read() as connection:
            return list((await connection.execute(text(query))).one())

    assert await words() == [False, False, False]
    erasure_id = await request_erasure(storage, clock, enrolled.user_id)
    await answer_all(storage, clock, erasure_id)
    async with storage.uow.begin(HERE) as tx:
        user, erasure = await tx.users.lock(enrolled.user_id), await tx.erasures.lock(erasure_id)
        await complete(tx, user, erasure, at=clock.now())
    assert await words() == [True, True, True]


async def test_jobs_find_erasures_that_are_due_or_unanswered(storage: Storage, clock: ControlledClock) -> None:
    book = storage.views.erasures
    waiting, now, later = [
        await request_erasure(storage, clock, (await enrol_user(storage, clock, profile)).user_id)
        for profile in (someone(1), someone(2), someone(3))
    ]
    await answer_all(storage, clock, now)
    await answer_all(storage, clock, later, days=1)
    assert list(await book.due_erasures(clock.now(), limit=9)) == [now]
    assert list(await book.due_erasures(clock.now() + timedelta(days=1), limit=9)) == [now, later]
    assert list(await book.due_erasures(clock.now() + timedelta(days=1), limit=1)) == [now]
    assert list(await book.unanswered_erasures(clock.now(), limit=9)) == [waiting]
    assert list(await book.unanswered_erasures(clock.now() - timedelta(seconds=1), limit=9)) == []
    assert await book.erasure(uuid4()) is None


async def test_the_longest_waiting_erasure_comes_first(storage: Storage, clock: ControlledClock) -> None:
    """With any limit, and in any order of writing."""
    book = storage.views.erasures
    ids = []
    for number in (1, 2, 3):
        ids.append(await request_erasure(storage, clock, (await enrol_user(storage, clock, someone(number))).user_id))
        clock.advance(seconds=60)
    async with storage.uow.begin(HERE) as tx:
        # The first is requested again, so its wait restarts.
        assert (await tx.erasures.lock(ids[0])).ask_again(at=clock.now() + timedelta(hours=13))
        tx.record(fact(clock))
    until = clock.now() + timedelta(days=1)
    assert list(await book.unanswered_erasures(until, limit=9)) == [ids[1], ids[2], ids[0]]
    assert list(await book.unanswered_erasures(until, limit=1)) == ids[1:2]
    for erasure_id, days in ((ids[0], 3), (ids[1], 1), (ids[2], 2)):
        await answer_all(storage, clock, erasure_id, days=days)
    until = clock.now() + timedelta(days=3)
    assert list(await book.due_erasures(until, limit=9)) == [ids[1], ids[2], ids[0]]
    assert list(await book.due_erasures(until, limit=2)) == ids[1:]
    assert list(await book.due_erasures(until - timedelta(microseconds=1), limit=9)) == ids[1:]


async def test_the_newest_key_signs_receipts_and_keys_are_listed_oldest_first(
    storage: Storage, settings: IdentitySettings, clock: ControlledClock
) -> None:
    signed = []
    for _ in range(2):
        async with storage.uow.begin(HERE) as tx:
            signed.append(await tx.receipts.sign({"type": "test"}, at=clock.now()))
            tx.record(fact(clock))
    first = signed[0]["key_id"]
    # Keys newer and older than the first, as after a key change.
    made = {}
    for name, days in (("newer", 1), ("newest", 2), ("older", -1)):
        key = ReceiptKey.generate(uuid4())
        made[name] = str(key.id)
        values = {
            "id": key.id,
            "public_key": key.signing.public_bytes,
            "sealed_seed": vault(settings).seal_receipt_key(key.id, bytes(key.signing)),
            "created_at": clock.now() + timedelta(days=days),
        }
        async with storage.uow.begin(HERE) as tx:
            await tx.session.execute(receipt_keys.insert().values(values))
            tx.record(fact(clock))
    async with storage.uow.begin(HERE) as tx:
        signed.append(await tx.receipts.sign({"type": "test"}, at=clock.now()))
        tx.record(fact(clock))
    assert [each["key_id"] for each in signed] == [first, first, made["newest"]]
    listed = await storage.views.erasures.receipt_keys()
    assert [str(key.id) for key in listed] == [made["older"], first, made["newer"], made["newest"]]
    assert verify_receipt(signed[2], listed[-1].public_key)
    assert not verify_receipt(signed[2], listed[0].public_key)

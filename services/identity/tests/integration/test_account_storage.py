"""What is kept beside users: one-time codes, earlier passwords; and the filters of users."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.testing.clocks import ControlledClock
from identity.application.users.enrolment import enrol
from identity.application.users.views import UserFilter, UserSort
from identity.domain.errors import AccountExists
from identity.domain.one_time_code import OneTimeCode, Purpose
from identity.domain.profile import Profile
from identity.domain.user import InitialRole, UserStatus
from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.errors import NotFound
from kernel.pages import PageRequest
from services.identity.tests.integration.storage import Storage

HERE = Actor.service("identity")
TARGET = bytes(range(32))


def fact(at: datetime) -> AuditFact:
    return AuditFact(action="identity.tests.change", resource_type="test", resource_id="1", occurred_at=at)


def a_code(at: datetime, *, target: bytes = TARGET, user_id: UUID | None = None) -> OneTimeCode:
    return OneTimeCode.issue(uuid4(), Purpose.EMAIL, user_id=user_id or uuid4(), target_index=target, digest=bytes(32), at=at)


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


async def test_a_code_is_found_with_what_waits_for_it_until_it_is_settled(storage: Storage, clock: ControlledClock) -> None:
    code = a_code(clock.now())
    async with storage.uow.begin(HERE) as tx:
        await tx.one_time_codes.add(code, {"email": "anna@example.na", "phone": None})
        tx.record(fact(clock.now()))
    async with storage.uow.begin(HERE) as tx:
        found, pending = await tx.one_time_codes.lock(code.id)
        assert (found.purpose, found.expires_at, pending) == (
            Purpose.EMAIL,
            clock.now() + timedelta(minutes=10),
            {"email": "anna@example.na", "phone": None},
        )
        assert found.accept(bytes(32), at=clock.now())
        await tx.one_time_codes.settle(found)
        tx.record(fact(clock.now()))
    async with storage.uow.begin(HERE) as tx:
        found, pending = await tx.one_time_codes.lock(code.id)
        assert (found.used_at, found.tries, dict(pending)) == (clock.now(), 1, {})
        assert await tx.one_time_codes.lock(uuid4()) is None


async def test_sends_are_counted_by_address_user_and_time(storage: Storage, clock: ControlledClock) -> None:
    old, user_id = clock.now(), uuid4()
    async with storage.uow.begin(HERE) as tx:
        for code in (a_code(old), a_code(old, target=bytes(32), user_id=user_id)):
            await tx.one_time_codes.add(code, {})
        clock.advance(seconds=3600)
        await tx.one_time_codes.add(a_code(clock.now()), {})
        assert await tx.one_time_codes.lock_sent(TARGET, user_id, old - timedelta(seconds=1)) == (2, 1)
        assert await tx.one_time_codes.lock_sent(TARGET, user_id, old) == (1, 0)
        assert await tx.one_time_codes.lock_sent(bytes(range(1, 33)), uuid4(), old) == (0, 0)
        tx.record(fact(clock.now()))


async def test_a_code_that_is_sent_again_counts_by_its_last_sending(storage: Storage, clock: ControlledClock) -> None:
    code, begun = a_code(clock.now()), clock.now()
    async with storage.uow.begin(HERE) as tx:
        await tx.one_time_codes.add(code, {})
        tx.record(fact(clock.now()))
    clock.advance(seconds=3000)
    async with storage.uow.begin(HERE) as tx:
        found, _ = await tx.one_time_codes.lock(code.id)
        assert found.renew(bytes(32), at=clock.now())
        tx.record(fact(clock.now()))
    async with storage.uow.begin(HERE) as tx:
        since = (begun - timedelta(seconds=1), begun, begun + timedelta(seconds=2999), begun + timedelta(seconds=3000))
        assert [await tx.one_time_codes.lock_sent(TARGET, uuid4(), each) for each in since] == [(2, 0), (2, 0), (2, 0), (0, 0)]


async def test_old_codes_and_those_of_a_user_are_dropped(storage: Storage, clock: ControlledClock) -> None:
    user_id, at = uuid4(), clock.now()
    async with storage.uow.begin(HERE) as tx:
        for code in (a_code(at - timedelta(days=2)), a_code(at), a_code(at, user_id=user_id)):
            await tx.one_time_codes.add(code, {})
        assert await tx.one_time_codes.purge(at - timedelta(days=1)) == 1
        assert await tx.one_time_codes.forget(user_id) == 1
        assert await tx.one_time_codes.forget(user_id) == 0
        tx.record(fact(at))


async def test_four_earlier_passwords_are_kept_beside_the_present_one(storage: Storage, clock: ControlledClock) -> None:
    async with storage.uow.begin(HERE) as tx:
        user_id = await person(tx, "anna", clock.now())
        for number in range(6):
            clock.advance(seconds=1)
            await tx.password_history.add(user_id, f"$argon2id$old{number}", replaced_at=clock.now())
    hashes = await storage.views.password_hashes.recent_password_hashes(user_id)
    assert hashes == ["$argon2id$anna", *(f"$argon2id$old{number}" for number in (5, 4, 3, 2))]


async def test_a_profile_is_replaced_and_stays_unique(storage: Storage, clock: ControlledClock) -> None:
    async with storage.uow.begin(HERE) as tx:
        anna, bert = await person(tx, "anna", clock.now()), await person(tx, "bert", clock.now())
    async with storage.uow.begin(HERE) as tx:
        await tx.profiles.replace(anna, (await tx.profiles.of(anna)).with_email("new@example.na"))
        tx.record(fact(clock.now()))
    async with storage.uow.begin(HERE) as tx:
        assert (await tx.profiles.of(anna)).email == "new@example.na"
        assert await tx.profiles.holder_of_email("new@example.na") == anna
        assert await tx.profiles.holder_of_email("anna@example.na") is None
        assert (await tx.users.holder_of("bert"), await tx.users.holder_of("nobody")) == (bert, None)
        with pytest.raises(NotFound):
            await tx.profiles.of(uuid4())
    with pytest.raises(AccountExists):
        async with storage.uow.begin(HERE) as tx:
            await tx.profiles.replace(bert, (await tx.profiles.of(bert)).with_email("new@example.na"))


async def test_a_number_is_held_by_the_user_who_verified_it(storage: Storage, clock: ControlledClock) -> None:
    number = "+264811234567"
    async with storage.uow.begin(HERE) as tx:
        users = sorted([await person(tx, name, clock.now()) for name in ("anna", "bert", "carl")])
    anna, bert, carl = users
    async with storage.uow.begin(HERE) as tx:
        for user_id in (anna, bert):
            await tx.profiles.replace(user_id, (await tx.profiles.of(user_id)).with_phone(number))
        assert (await tx.profiles.all_with_phone(number), await tx.profiles.holder_of_phone(number)) == ([anna, bert], None)
        (await tx.users.lock(anna)).verify_phone(at=clock.now())
        await tx.users.flush()
        assert await tx.profiles.holder_of_phone(number) == anna
        tx.record(fact(clock.now()))
    # Typed by another it lies beside; verified by another it is refused, also where it takes the place of a verified one.
    async with storage.uow.begin(HERE) as tx:
        await tx.profiles.replace(carl, (await tx.profiles.of(carl)).with_phone("+264811234500"))
        (await tx.users.lock(carl)).verify_phone(at=clock.now())
        tx.record(fact(clock.now()))
    for user_id in (bert, carl):
        with pytest.raises(AccountExists):
            async with storage.uow.begin(HERE) as tx:
                await tx.profiles.replace(user_id, (await tx.profiles.of(user_id)).with_phone(number))
                (await tx.users.lock(user_id)).verify_phone(at=clock.now())
                await tx.users.flush()


async def test_a_taken_username_is_refused(storage: Storage, clock: ControlledClock) -> None:
    async with storage.uow.begin(HERE) as tx:
        anna = await person(tx, "anna", clock.now())
        await person(tx, "bert", clock.now())
    with pytest.raises(AccountExists):
        async with storage.uow.begin(HERE) as tx:
            user = await tx.users.lock(anna)
            user.change_details(username="bert")
            await tx.users.flush()


async def test_users_are_filtered_and_sorted(storage: Storage, clock: ControlledClock) -> None:
    start = clock.now()
    ids: dict[str, UUID] = {}
    async with storage.uow.begin(HERE) as tx:
        for name in ("anna", "bert", "cleo", "dora"):
            ids[name] = await person(tx, name, clock.now(), verified=name in ("anna", "bert"))
            clock.advance(seconds=60)
    async with storage.uow.begin(HERE) as tx:
        for name, verb in (("bert", "suspend"), ("dora", "delete")):
            getattr(await tx.users.lock(ids[name]), verb)("test", at=clock.now())
        (await tx.users.lock(ids["anna"])).note_sign_in(at=clock.now())
        tx.record(fact(clock.now()))

    async def names(**which: Any) -> list[str | None]:
        page = await storage.views.users.users(PageRequest(), UserFilter(**which))
        assert page.total == len(page.items)
        return [view.username for view in page.items]

    assert await names() == ["cleo", "bert", "anna"]
    assert await names(sort=UserSort.OLDEST) == ["anna", "bert", "cleo"]
    assert (await names(sort=UserSort.LATELY_SIGNED_IN))[0] == "anna"
    assert await names(status=UserStatus.SUSPENDED) == ["bert"]
    assert await names(status=UserStatus.DELETED) == ["dora"]
    assert await names(verified=True) == ["bert", "anna"]
    assert await names(verified=False) == ["cleo"]
    assert await names(email="cleo@example.na") == ["cleo"]
    assert await names(email="cleo@example.na", username="anna") == []
    assert await names(registered_from=start + timedelta(seconds=60), registered_to=start + timedelta(seconds=120)) == ["bert"]

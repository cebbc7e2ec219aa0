"""Users in PostgreSQL."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.testing.clocks import ControlledClock
from identity.application.users.enrolment import enrol
from identity.application.users.views import SubjectView, UserFilter, UserSort
from identity.domain.errors import UserExists
from identity.domain.profile import Profile
from identity.domain.sign_in_name import SignInName
from identity.domain.user import InitialRole, UserStatus
from kernel.errors import NotFound
from kernel.pages import PageRequest
from services.identity.tests.integration.storage import (
    HERE,
    PROFILE,
    Storage,
    enrol_user,
    fact,
    fact_at,
    person,
    someone,
)


async def test_a_user_is_read_back_complete(storage: Storage, clock: ControlledClock) -> None:
    enrolled = await enrol_user(storage, clock, username="ndapewa")
    view = await storage.views.users.user(enrolled.user_id)
    assert view
    assert (view.full_name, view.email, view.phone, view.organization) == (
        "Ndapewa Shikongo",
        "ndapewa@example.na",
        "+264811234567",
        "Example Corp",
    )
    assert (view.username, view.status, view.wallet_address) == ("ndapewa", UserStatus.ACTIVE, enrolled.wallet_address)
    assert (view.registered_at, view.last_sign_in_at) == (clock.now(), None)
    assert await storage.views.users.subject(enrolled.user_id) == SubjectView(enrolled.user_id, is_active=True, is_closed=False)
    (address,) = (await storage.views.wallet_addresses.wallet_addresses_of(enrolled.user_id, PageRequest())).items
    assert address.address == enrolled.wallet_address


async def test_unknown_values_find_no_user(storage: Storage) -> None:
    assert await storage.views.users.user(uuid4()) is None
    assert await storage.views.users.subject(uuid4()) is None
    assert await storage.views.credentials.credential(SignInName.email("nobody@example.na")) is None
    assert (await storage.views.sessions.sessions_of(uuid4(), PageRequest())).total == 0
    async with storage.uow.begin(HERE) as tx:
        assert await tx.users.lock(uuid4()) is None
        assert await tx.sessions.lock(uuid4()) is None
        nobody = uuid4()
        assert await tx.users.lock(nobody) is None
        assert await tx.sessions.lock_live(nobody, uuid4()) is None
        assert not await tx.users.lock_administrators()


@pytest.mark.parametrize("name", [SignInName.email(" NDAPEWA@Example.NA "), SignInName.username("Ndapewa")])
async def test_a_credential_is_found_by_email_or_username(storage: Storage, clock: ControlledClock, name: SignInName) -> None:
    enrolled = await enrol_user(storage, clock, username="ndapewa")
    credential = await storage.views.credentials.credential(name)
    assert credential
    assert (credential.user_id, credential.password_hash, credential.is_active) == (enrolled.user_id, "$argon2id$x", True)


async def test_an_email_is_unique_and_an_unverified_number_is_not(storage: Storage, clock: ControlledClock) -> None:
    await enrol_user(storage, clock)
    with pytest.raises(UserExists):
        await enrol_user(storage, clock, Profile(full_name="Other", email=PROFILE.email, phone="+264811234568"))
    await enrol_user(storage, clock, Profile(full_name="Other", email="other@example.na", phone=PROFILE.phone))
    assert (await storage.views.users.users(PageRequest())).total == 2


async def test_a_username_is_unique_and_optional(storage: Storage, clock: ControlledClock) -> None:
    await enrol_user(storage, clock, someone(1), username="ndapewa")
    with pytest.raises(UserExists):
        await enrol_user(storage, clock, someone(2), username="ndapewa")
    await enrol_user(storage, clock, someone(3))
    await enrol_user(storage, clock, someone(4))


async def test_a_taken_username_is_refused(storage: Storage, clock: ControlledClock) -> None:
    async with storage.uow.begin(HERE) as tx:
        anna = await person(tx, "anna", clock.now())
        await person(tx, "bert", clock.now())
    with pytest.raises(UserExists):
        async with storage.uow.begin(HERE) as tx:
            user = await tx.users.lock(anna)
            user.change_details(username="bert")
            await tx.users.flush()


async def test_users_are_paged_newest_first(storage: Storage, clock: ControlledClock) -> None:
    for number in range(5):
        await enrol_user(storage, clock, someone(number))
        clock.advance(seconds=1)
    page = await storage.views.users.users(PageRequest(page=2, per_page=2))
    assert ([view.full_name for view in page.items], page.total) == (["Person 2", "Person 1"], 5)
    beyond = await storage.views.users.users(PageRequest(page=9, per_page=2))
    assert (list(beyond.items), beyond.total) == ([], 5)


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
        tx.record(fact_at(clock.now()))

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


async def test_a_deleted_user_is_absent_from_reads_and_has_no_standing(storage: Storage, clock: ControlledClock) -> None:
    enrolled = await enrol_user(storage, clock)
    async with storage.uow.begin(HERE) as tx:
        user = await tx.users.lock(enrolled.user_id)
        user.status = UserStatus.DELETED
        tx.record(fact(clock))
    assert await storage.views.users.user(enrolled.user_id) is None
    assert (await storage.views.users.users(PageRequest())).total == 0
    assert await storage.views.users.subject(enrolled.user_id) == SubjectView(enrolled.user_id, is_active=False, is_closed=True)


async def test_an_administrator_is_found_once_created(storage: Storage, clock: ControlledClock) -> None:
    await enrol_user(storage, clock, role=InitialRole.ADMIN)
    async with storage.uow.begin(HERE) as tx:
        assert await tx.users.lock_administrators()


async def test_a_failed_transaction_writes_nothing(storage: Storage, clock: ControlledClock) -> None:
    async def fail() -> Any:
        async with storage.uow.begin(HERE) as tx:
            await enrol(
                tx,
                PROFILE,
                username=None,
                password_hash="$argon2id$x",
                initial_role=InitialRole.USER,
                agreed_terms=True,
                at=clock.now(),
            )
            raise RuntimeError("in between")

    with pytest.raises(RuntimeError):
        await fail()
    assert (await storage.views.users.users(PageRequest())).total == 0


async def test_a_profile_is_replaced_and_stays_unique(storage: Storage, clock: ControlledClock) -> None:
    async with storage.uow.begin(HERE) as tx:
        anna, bert = await person(tx, "anna", clock.now()), await person(tx, "bert", clock.now())
    async with storage.uow.begin(HERE) as tx:
        await tx.profiles.replace(anna, (await tx.profiles.of(anna)).with_email("new@example.na"))
        tx.record(fact_at(clock.now()))
    async with storage.uow.begin(HERE) as tx:
        assert (await tx.profiles.of(anna)).email == "new@example.na"
        assert await tx.profiles.holder_of_email("new@example.na") == anna
        assert await tx.profiles.holder_of_email("anna@example.na") is None
        assert (await tx.users.holder_of("bert"), await tx.users.holder_of("nobody")) == (bert, None)
        with pytest.raises(NotFound):
            await tx.profiles.of(uuid4())
    with pytest.raises(UserExists):
        async with storage.uow.begin(HERE) as tx:
            await tx.profiles.replace(bert, (await tx.profiles.of(bert)).with_email("new@example.na"))


async def test_a_number_belongs_to_the_user_who_verified_it(storage: Storage, clock: ControlledClock) -> None:
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
        tx.record(fact_at(clock.now()))
    # Another user may enter the same number, but not verify it, even in place of a verified number of their own.
    async with storage.uow.begin(HERE) as tx:
        await tx.profiles.replace(carl, (await tx.profiles.of(carl)).with_phone("+264811234500"))
        (await tx.users.lock(carl)).verify_phone(at=clock.now())
        tx.record(fact_at(clock.now()))
    for user_id in (bert, carl):
        with pytest.raises(UserExists):
            async with storage.uow.begin(HERE) as tx:
                await tx.profiles.replace(user_id, (await tx.profiles.of(user_id)).with_phone(number))
                (await tx.users.lock(user_id)).verify_phone(at=clock.now())
                await tx.users.flush()

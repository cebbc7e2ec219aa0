"""Users, sessions and signing keys, as PostgreSQL keeps them."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from chassis.testing.clocks import ControlledClock
from identity.application.sessions import audit
from identity.application.signing_keys import audit as key_facts
from identity.application.users.enrolment import enrol
from identity.application.users.views import SubjectView
from identity.domain.errors import AccountExists
from identity.domain.profile import Profile
from identity.domain.proof import Proof
from identity.domain.session import EndReason, Session, TokenUse
from identity.domain.sign_in_name import SignInName
from identity.domain.signing_key import SigningKey
from identity.domain.user import InitialRole, UserStatus
from kernel.pages import PageRequest
from services.identity.tests.integration.storage import HERE, PROFILE, TOKENS, Storage, enrol_user, fact, someone, start_session


async def test_user_is_found_again_whole(storage: Storage, clock: ControlledClock) -> None:
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


async def test_what_nobody_has_is_found_nowhere(storage: Storage) -> None:
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
async def test_credential_is_found_by_either_name(storage: Storage, clock: ControlledClock, name: SignInName) -> None:
    enrolled = await enrol_user(storage, clock, username="ndapewa")
    credential = await storage.views.credentials.credential(name)
    assert credential
    assert (credential.user_id, credential.password_hash, credential.is_active) == (enrolled.user_id, "$argon2id$x", True)


async def test_email_is_unique_and_a_number_that_was_typed_is_not(storage: Storage, clock: ControlledClock) -> None:
    await enrol_user(storage, clock)
    with pytest.raises(AccountExists):
        await enrol_user(storage, clock, Profile(full_name="Other", email=PROFILE.email, phone="+264811234568"))
    await enrol_user(storage, clock, Profile(full_name="Other", email="other@example.na", phone=PROFILE.phone))
    assert (await storage.views.users.users(PageRequest())).total == 2


async def test_username_is_unique_and_may_be_missing(storage: Storage, clock: ControlledClock) -> None:
    await enrol_user(storage, clock, someone(1), username="ndapewa")
    with pytest.raises(AccountExists):
        await enrol_user(storage, clock, someone(2), username="ndapewa")
    await enrol_user(storage, clock, someone(3))
    await enrol_user(storage, clock, someone(4))


async def test_users_are_paged_newest_first(storage: Storage, clock: ControlledClock) -> None:
    for number in range(5):
        await enrol_user(storage, clock, someone(number))
        clock.advance(seconds=1)
    page = await storage.views.users.users(PageRequest(page=2, per_page=2))
    assert ([view.full_name for view in page.items], page.total) == (["Person 2", "Person 1"], 5)
    beyond = await storage.views.users.users(PageRequest(page=9, per_page=2))
    assert (list(beyond.items), beyond.total) == ([], 5)


async def test_deleted_user_is_gone_from_reads_and_may_not_act(storage: Storage, clock: ControlledClock) -> None:
    enrolled = await enrol_user(storage, clock)
    async with storage.uow.begin(HERE) as tx:
        user = await tx.users.lock(enrolled.user_id)
        user.status = UserStatus.DELETED
        tx.record(fact(clock))
    assert await storage.views.users.user(enrolled.user_id) is None
    assert (await storage.views.users.users(PageRequest())).total == 0
    assert await storage.views.users.subject(enrolled.user_id) == SubjectView(enrolled.user_id, is_active=False, is_closed=True)


async def test_administrator_is_known_once_made(storage: Storage, clock: ControlledClock) -> None:
    await enrol_user(storage, clock, role=InitialRole.ADMIN)
    async with storage.uow.begin(HERE) as tx:
        assert await tx.users.lock_administrators()


async def test_session_is_found_again_whole_and_rotates(storage: Storage, clock: ControlledClock) -> None:
    enrolled, device_id = await enrol_user(storage, clock), uuid4()
    started = await start_session(storage, clock, enrolled.user_id, device_id)
    successor = TOKENS.issue(session_id=started.id, user_id=enrolled.user_id, generation=2)
    async with storage.uow.begin(HERE) as tx:
        session = await tx.sessions.lock(started.id)
        assert (session.methods, session.generation, session.device_id) == (("pwd",), 1, device_id)
        session.rotate(successor, sealed=b"sealed", at=clock.now())
        tx.record(audit.session_refreshed(session, before={}, at=clock.now()))
    async with storage.uow.begin(HERE) as tx:
        session = await tx.sessions.lock(started.id)
        assert session.present(successor, device_id=device_id, at=clock.now()) is TokenUse.CURRENT
        assert (bytes(session.sealed_successor), bytes(session.previous_digest)) == (b"sealed", started.current_digest)
    (view,) = (await storage.views.sessions.sessions_of(enrolled.user_id, PageRequest())).items
    assert (view.id, view.refreshed_at, view.ended_at, view.methods) == (started.id, clock.now(), None, ("pwd",))


async def test_ended_session_makes_room_for_one_on_the_same_device(storage: Storage, clock: ControlledClock) -> None:
    enrolled, device_id = await enrol_user(storage, clock), uuid4()
    first = await start_session(storage, clock, enrolled.user_id, device_id)
    token = TOKENS.issue(session_id=uuid4(), user_id=enrolled.user_id, generation=1)
    async with storage.uow.begin(HERE) as tx:
        await tx.users.lock(enrolled.user_id)
        live = await tx.sessions.lock_live(enrolled.user_id, device_id)
        assert live.id == first.id
        live.end(EndReason.REPLACED, at=clock.now(), access_token_life=timedelta(minutes=15))
        await tx.sessions.add(
            Session.start(
                token, device_id=device_id, proof=Proof.of(("pwd",), at=clock.now()), life=timedelta(days=7), at=clock.now()
            )
        )
        tx.record(fact(clock))
    async with storage.uow.begin(HERE) as tx:
        await tx.users.lock(enrolled.user_id)
        assert (await tx.sessions.lock_live(enrolled.user_id, device_id)).id == token.session_id
        assert (await tx.sessions.lock(first.id)).end_reason == "replaced"


async def test_device_is_seen_again(storage: Storage, clock: ControlledClock) -> None:
    enrolled, device_id = await enrol_user(storage, clock), uuid4()
    await start_session(storage, clock, enrolled.user_id, device_id)
    clock.advance(seconds=5)
    async with storage.uow.begin(HERE) as tx:
        device = await tx.devices.find(enrolled.user_id, device_id)
        device.see(at=clock.now())
        tx.record(fact(clock))
    async with storage.uow.begin(HERE) as tx:
        device = await tx.devices.find(enrolled.user_id, device_id)
        assert device.last_seen_at - device.first_seen_at == timedelta(seconds=5)


async def test_signing_keys_are_found_again_whole(storage: Storage, clock: ControlledClock) -> None:
    key = SigningKey.announce(uuid4(), public_jwk={"kid": "1"}, sealed_private=b"sealed", at=clock.now())
    async with storage.uow.begin(HERE) as tx:
        assert list(await tx.signing_keys.lock_all()) == []
        tx.signing_keys.add(key)
        tx.record(key_facts.signing_key_created(key, at=clock.now()))
    async with storage.uow.begin(HERE) as tx:
        (found,) = await tx.signing_keys.lock_all()
        found.activate(at=clock.now())
        tx.record(key_facts.signing_key_activated(found, at=clock.now()))
    (read,) = await storage.views.signing_keys.signing_keys()
    assert read.is_active
    assert (read.id, read.public_jwk, read.sealed_private, read.algorithm) == (key.id, {"kid": "1"}, b"sealed", "ES256")


async def test_failure_in_between_leaves_nothing(storage: Storage, clock: ControlledClock) -> None:
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


async def test_passwords_that_undo_a_change_are_told_by_when_and_where_they_were_replaced(
    storage: Storage, clock: ControlledClock
) -> None:
    user_id, start = (await enrol_user(storage, clock)).user_id, clock.now()
    async with storage.uow.begin(HERE) as tx:
        for hour, known in ((1, False), (2, True), (3, False), (5, True)):
            at = start + timedelta(hours=hour)
            await tx.password_history.add(user_id, f"$argon2id${hour}", replaced_at=at, from_known_device=known)
        tx.record(fact(clock))

    async def held(*, at: int, since: int) -> list[str]:
        times = {"at": start + timedelta(hours=at), "replaced_since": start + timedelta(hours=since)}
        return [each.rpartition("$")[2] for each in await storage.views.password_hashes.password_hashes_held(user_id, **times)]

    # That of the second hour was given up before the change, and takes the one of the first hour with it.
    assert await held(at=4, since=0) == ["x", "3", "5"]
    assert await held(at=4, since=5) == ["x", "5"]
    assert await held(at=2, since=0) == ["x", "1", "2", "3", "5"]
    assert await held(at=6, since=0) == ["x"]

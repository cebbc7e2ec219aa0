"""Second factors and recovery, as PostgreSQL keeps them."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from chassis.testing.clocks import ControlledClock
from identity.application.factors import audit
from identity.application.factors.purge_challenges import PurgeChallenges
from identity.application.recovery.views import RecoveryView
from identity.domain.code_failures import KEPT_FOR, RECOVERY_CODES, UNKNOWN_DEVICES, of_device, of_session
from identity.domain.errors import FactorExists
from identity.domain.passkey import Ceremony, CeremonyKind, Passkey
from identity.domain.password_reset import PasswordReset
from identity.domain.recovery_request import RecoveryReason, RecoveryRequest, RecoveryStatus
from identity.domain.sign_in_challenge import SignInChallenge
from identity.domain.sign_in_name import SignInName
from identity.domain.totp import Totp
from kernel.actor import Actor
from kernel.pages import PageRequest
from services.identity.tests.integration.storage import PROFILE, Storage, enrol_user, someone

HERE = Actor.service("tests")
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.fixture
async def user_id(storage: Storage, clock: ControlledClock) -> UUID:
    return (await enrol_user(storage, clock)).user_id


def passkey(user_id: UUID, clock: ControlledClock, credential_id: bytes = b"one") -> Passkey:
    return Passkey(uuid4(), user_id, credential_id, b"key", 0, backed_up=False, name="Laptop", created_at=clock.now())


def challenge(user_id: UUID, clock: ControlledClock, digest: bytes = bytes(32)) -> SignInChallenge:
    return SignInChallenge.issue(
        uuid4(),
        digest,
        user_id=user_id,
        device_id=uuid4(),
        methods=("pwd",),
        password_changed_at=clock.now(),
        enrolment=False,
        at=clock.now(),
    )


async def test_app_is_found_again_with_its_secret_and_replaced(storage: Storage, clock: ControlledClock, user_id: UUID) -> None:
    for secret in (SECRET, SECRET[::-1]):
        async with storage.uow.begin(HERE) as tx:
            await tx.factors.totps.add(Totp.begin(user_id, at=clock.now()), secret)
            tx.record(audit.factor_begun(user_id, "totp", at=clock.now()))
        async with storage.uow.begin(HERE) as tx:
            found, kept = await tx.factors.totps.lock(user_id)
            assert (kept, found.is_confirmed) == (secret, False)
    async with storage.uow.begin(HERE) as tx:
        found, _ = await tx.factors.totps.lock(user_id)
        found.confirm(7, at=clock.now())
        tx.record(audit.factor_added(user_id, "totp", sessions_ended=0, at=clock.now()))
    assert (await storage.views.factors.factors_of(user_id)).totp_confirmed_at == clock.now()
    async with storage.uow.begin(HERE) as tx:
        await tx.factors.totps.remove(user_id)
        tx.record(audit.factor_removed(user_id, "totp", sessions_ended=0, at=clock.now()))
    async with storage.uow.begin(HERE) as tx:
        assert await tx.factors.totps.lock(user_id) is None


async def test_backup_codes_are_spent_once_counted_and_replaced(storage: Storage, clock: ControlledClock, user_id: UUID) -> None:
    old, new = [bytes([number]) * 32 for number in range(3)], [bytes([9]) * 32]
    async with storage.uow.begin(HERE) as tx:
        await tx.factors.backup_codes.replace(user_id, old, at=clock.now())
        outcomes = [await tx.factors.backup_codes.spend(user_id, old[0], at=clock.now()) for _ in range(2)]
        assert (outcomes, await tx.factors.backup_codes.spend(uuid4(), old[1], at=clock.now())) == ([True, False], False)
        tx.record(audit.backup_codes_renewed(user_id, 3, sessions_ended=0, at=clock.now()))
    assert (await storage.views.factors.factors_of(user_id)).backup_codes_left == 2
    async with storage.uow.begin(HERE) as tx:
        await tx.factors.backup_codes.replace(user_id, new, at=clock.now())
        assert not await tx.factors.backup_codes.spend(user_id, old[1], at=clock.now())
        tx.record(audit.backup_codes_renewed(user_id, 1, sessions_ended=0, at=clock.now()))
    view = await storage.views.factors.factors_of(user_id)
    assert (view.backup_codes_left, view.methods) == (1, ("backup_code",))


async def test_passkeys_are_found_by_credential_which_is_one_persons(
    storage: Storage, clock: ControlledClock, user_id: UUID
) -> None:
    other = (await enrol_user(storage, clock, someone(2))).user_id
    first = passkey(user_id, clock)
    async with storage.uow.begin(HERE) as tx:
        await tx.factors.passkeys.add(first)
        tx.record(audit.factor_added(user_id, "passkey", sessions_ended=0, at=clock.now()))
    with pytest.raises(FactorExists):
        async with storage.uow.begin(HERE) as tx:
            await tx.factors.passkeys.add(passkey(other, clock))
    async with storage.uow.begin(HERE) as tx:
        found = await tx.factors.passkeys.lock_credential(b"one")
        assert (found.id, [each.id for each in await tx.factors.passkeys.of(user_id)]) == (first.id, [first.id])
        assert await tx.factors.passkeys.lock_credential(b"two") is None
        await tx.factors.passkeys.remove(found)
        tx.record(audit.factor_removed(user_id, "passkey", sessions_ended=0, at=clock.now()))
    assert list((await storage.views.factors.factors_of(user_id)).passkeys) == []


async def test_passkeys_come_oldest_first_however_they_were_written(
    storage: Storage, clock: ControlledClock, user_id: UUID
) -> None:
    made = []
    for credential_id in (b"newest", b"middle", b"oldest"):
        made.append(passkey(user_id, clock, credential_id))
        async with storage.uow.begin(HERE) as tx:
            await tx.factors.passkeys.add(made[-1])
            tx.record(audit.factor_added(user_id, "passkey", sessions_ended=0, at=clock.now()))
        clock.advance(seconds=-60)
    oldest_first = [each.id for each in reversed(made)]
    assert [each.id for each in (await storage.views.factors.factors_of(user_id)).passkeys] == oldest_first
    async with storage.uow.begin(HERE) as tx:
        assert [each.id for each in await tx.factors.passkeys.of(user_id)] == oldest_first


async def test_all_factors_of_one_user_are_forgotten_and_nobody_elses(
    storage: Storage, clock: ControlledClock, user_id: UUID
) -> None:
    other = (await enrol_user(storage, clock, someone(2))).user_id
    for number, whose in enumerate((user_id, other)):
        async with storage.uow.begin(HERE) as tx:
            await tx.factors.totps.add(Totp.begin(whose, at=clock.now()), SECRET)
            await tx.factors.backup_codes.replace(whose, [bytes([number]) * 32], at=clock.now())
            await tx.factors.passkeys.add(passkey(whose, clock, bytes([number])))
            tx.factors.challenges.add(challenge(whose, clock, bytes([number]) * 32))
            await tx.factors.failures.note(whose, UNKNOWN_DEVICES, at=clock.now())
            (await tx.users.lock(whose)).gain_factor(at=clock.now())
            tx.record(audit.factor_added(whose, "all", sessions_ended=0, at=clock.now()))
    async with storage.uow.begin(HERE) as tx:
        await tx.factors.forget(user_id)
        tx.record(audit.factor_removed(user_id, "all", sessions_ended=0, at=clock.now()))
    async with storage.uow.begin(HERE) as tx:
        for number, (whose, kept) in enumerate(((user_id, False), (other, True))):
            assert (await tx.factors.totps.lock(whose) is not None) is kept
            assert bool(await tx.factors.passkeys.of(whose)) is kept
            assert (await tx.factors.challenges.lock(bytes([number]) * 32) is not None) is kept
            assert len(await tx.factors.failures.lock_latest(whose, UNKNOWN_DEVICES, limit=9)) == int(kept)
    by_id = await storage.views.credentials.credential_of(other)
    by_name = await storage.views.credentials.credential(SignInName.email(PROFILE.email))
    assert by_id
    assert by_name
    assert (by_id.has_second_factor, by_name.has_second_factor) == (True, True)


async def test_what_has_expired_is_purged_and_what_has_not_stays(storage: Storage, clock: ControlledClock, user_id: UUID) -> None:
    async def add(number: int) -> None:
        async with storage.uow.begin(HERE) as tx:
            tx.factors.challenges.add(challenge(user_id, clock, bytes([number]) * 32))
            tx.factors.ceremonies.add(Ceremony.begin(uuid4(), CeremonyKind.SIGN_IN, b"c", user_id=None, at=clock.now()))
            tx.password_resets.add(PasswordReset.issue(uuid4(), user_id, bytes([number]) * 32, at=clock.now()))
            tx.record(audit.factor_begun(user_id, "all", at=clock.now()))

    await add(1)
    clock.advance(seconds=3 * 3600)
    await add(2)
    purge = PurgeChallenges(storage.uow, clock)
    assert [await purge(), await purge()] == [3, 0]
    async with storage.uow.begin(HERE) as tx:
        assert await tx.password_resets.lock(bytes([1]) * 32) is None
        assert await tx.password_resets.lock(bytes([2]) * 32)
        assert await tx.password_resets.issued_since(user_id, clock.now() - timedelta(hours=1)) == 1


async def test_links_are_counted_by_person_and_time(storage: Storage, clock: ControlledClock, user_id: UUID) -> None:
    begun = clock.now()
    for number, whose in enumerate((user_id, user_id, uuid4())):
        async with storage.uow.begin(HERE) as tx:
            tx.password_resets.add(PasswordReset.issue(uuid4(), whose, bytes([number]) * 32, at=clock.now()))
            tx.record(audit.factor_begun(user_id, "reset", at=clock.now()))
        clock.advance(seconds=60)
    async with storage.uow.begin(HERE) as tx:
        since = [begun + timedelta(seconds=seconds) for seconds in (-1, 0, 59, 60)]
        assert [await tx.password_resets.issued_since(user_id, each) for each in since] == [2, 1, 1, 0]
        assert await tx.password_resets.issued_since(uuid4(), since[0]) == 0


async def test_links_of_a_user_are_voided_together(storage: Storage, clock: ControlledClock, user_id: UUID) -> None:
    async with storage.uow.begin(HERE) as tx:
        for number in (1, 2):
            tx.password_resets.add(PasswordReset.issue(uuid4(), user_id, bytes([number]) * 32, at=clock.now()))
        tx.record(audit.factor_begun(user_id, "reset", at=clock.now()))
    async with storage.uow.begin(HERE) as tx:
        await tx.password_resets.void(user_id, at=clock.now())
        tx.record(audit.factor_removed(user_id, "reset", sessions_ended=0, at=clock.now()))
    async with storage.uow.begin(HERE) as tx:
        for number in (1, 2):
            assert not (await tx.password_resets.lock(bytes([number]) * 32)).use(at=clock.now())


async def test_requests_for_recovery_are_found_listed_and_settled(
    storage: Storage, clock: ControlledClock, user_id: UUID
) -> None:
    request = RecoveryRequest.ask(uuid4(), user_id, RecoveryReason.STOLEN, at=clock.now())
    async with storage.uow.begin(HERE) as tx:
        tx.recovery_requests.add(request)
        tx.record(audit.factor_begun(user_id, "recovery", at=clock.now()))
    async with storage.uow.begin(HERE) as tx:
        assert await tx.recovery_requests.waiting_of(user_id, at=clock.now()) is None
        found = await tx.recovery_requests.lock(request.id)
        assert found.confirm(at=clock.now())
        tx.record(audit.factor_begun(user_id, "recovery", at=clock.now()))
    async with storage.uow.begin(HERE) as tx:
        assert (await tx.recovery_requests.waiting_of(user_id, at=clock.now())).id == request.id
        assert await tx.recovery_requests.waiting_of(user_id, at=clock.now() + timedelta(days=7)) is None
        found = await tx.recovery_requests.lock(request.id)
        found.decide(RecoveryStatus.REJECTED, by=uuid4(), reason="unknown", at=clock.now())
        tx.record(audit.factor_removed(user_id, "recovery", sessions_ended=0, at=clock.now()))
    page = PageRequest(page=1, per_page=20)
    listed = await storage.views.recovery.recovery_requests(None, page)
    assert [(each.id, each.status, each.decision_reason) for each in listed.items] == [(request.id, "rejected", "unknown")]
    assert (await storage.views.recovery.recovery_requests("pending", page)).total == 0
    assert [(await storage.views.recovery.recovery_requests(None, page, confirmed=each)).total for each in (True, False)] == [
        1,
        0,
    ]


async def test_requests_that_wait_are_counted_and_voided_by_whether_they_are_confirmed(
    storage: Storage, clock: ControlledClock, user_id: UUID
) -> None:
    requests = [
        RecoveryRequest.ask(uuid4(), user_id, RecoveryReason.LOST, at=clock.now() + timedelta(minutes=n)) for n in range(7)
    ]
    assert requests[6].confirm(at=clock.now() + timedelta(minutes=6))
    at, since = clock.now() + timedelta(minutes=10), clock.now()
    async with storage.uow.begin(HERE) as tx:
        for request in requests:
            tx.recovery_requests.add(request)
        tx.record(audit.factor_begun(user_id, "recovery", at=at))
    newest = [request.requested_at for request in reversed(requests[:6])]
    async with storage.uow.begin(HERE) as tx:
        waiting = tx.recovery_requests.unconfirmed_since
        assert list(await waiting(user_id, since - timedelta(seconds=1), at=at)) == newest[:5]
        assert list(await waiting(user_id, since + timedelta(minutes=3), at=at)) == newest[:2]
        assert list(await waiting(uuid4(), since, at=at)) == []
        ended = await tx.recovery_requests.void(user_id, at=at, unconfirmed_only=True)
        assert sorted(ended) == sorted(request.id for request in requests[:6])
        tx.record(audit.factor_begun(user_id, "recovery", at=at))
    async with storage.uow.begin(HERE) as tx:
        assert list(await tx.recovery_requests.unconfirmed_since(user_id, since, at=at)) == []
        assert (await tx.recovery_requests.waiting_of(user_id, at=at)).id == requests[6].id
        assert list(await tx.recovery_requests.void(user_id, at=at)) == [requests[6].id]
        assert list(await tx.recovery_requests.void(user_id, at=at)) == []
        tx.record(audit.factor_begun(user_id, "recovery", at=at))
    async with storage.uow.begin(HERE) as tx:
        assert await tx.recovery_requests.waiting_of(user_id, at=at) is None


async def test_requests_for_recovery_are_listed_newest_first_by_status_and_page_by_page(
    storage: Storage, clock: ControlledClock, user_id: UUID
) -> None:
    requests, administrator = [], uuid4()
    for number, reason in enumerate((RecoveryReason.LOST, RecoveryReason.STOLEN, RecoveryReason.BROKEN), start=2):
        whose = (await enrol_user(storage, clock, someone(number))).user_id
        requests.append(RecoveryRequest.ask(uuid4(), whose, reason, at=clock.now()))
        async with storage.uow.begin(HERE) as tx:
            assert requests[-1].confirm(at=clock.now())
            tx.recovery_requests.add(requests[-1])
            tx.record(audit.factor_begun(whose, "recovery", at=clock.now()))
        clock.advance(seconds=60)
    # The oldest is written last: rows may well lie in that order.
    async with storage.uow.begin(HERE) as tx:
        found = await tx.recovery_requests.lock(requests[0].id)
        found.decide(RecoveryStatus.REJECTED, by=administrator, reason="unknown", at=clock.now())
        tx.record(audit.factor_removed(user_id, "recovery", sessions_ended=0, at=clock.now()))
    oldest, middle, newest = (
        RecoveryView(
            each.id,
            each.user_id,
            each.reason.value,
            "pending",
            requested_at=each.requested_at,
            expires_at=each.requested_at + timedelta(days=7),
            decided_at=None,
            decided_by=None,
            decision_reason=None,
            confirmed_at=each.requested_at,
        )
        for each in requests
    )
    oldest = replace(oldest, status="rejected", decided_at=clock.now(), decided_by=administrator, decision_reason="unknown")
    pages = {
        (None, 1): [newest, middle],
        (None, 2): [oldest],
        (None, 3): [],
        ("pending", 1): [newest, middle],
        ("pending", 2): [],
        ("rejected", 1): [oldest],
        ("approved", 1): [],
    }
    totals = {None: 3, "pending": 2, "rejected": 1, "approved": 0}
    for (status, number), items in pages.items():
        page = await storage.views.recovery.recovery_requests(status, PageRequest(page=number, per_page=2))
        assert (list(page.items), page.total) == (items, totals[status])


async def test_failures_are_counted_and_forgotten_by_person_and_counter(
    storage: Storage, clock: ControlledClock, user_id: UUID
) -> None:
    other = (await enrol_user(storage, clock, someone(2))).user_id
    start, here, there = clock.now(), of_device(uuid4()), of_session(uuid4())

    async def counted(limit: int = 9) -> list[list[int]]:
        """Return after how many minutes the failures of each counter were, newest first."""
        async with storage.uow.begin(HERE) as tx:
            found = [await tx.factors.failures.lock_latest(*each, limit=limit) for each in counters]
        return [[int((at - start).total_seconds()) // 60 for at in times] for times in found]

    # Those of recovery are forgotten by their own name alone.
    counters = [(user_id, here), (user_id, there), (other, here), (user_id, RECOVERY_CODES)]
    for whose, counter in (*counters, counters[0]):
        async with storage.uow.begin(HERE) as tx:
            await tx.factors.failures.note(whose, counter, at=clock.now())
            tx.record(audit.second_factor_failed(whose, at=clock.now()))
        clock.advance(seconds=60)
    assert await counted() == [[4, 0], [1], [2], [3]]
    assert await counted(limit=1) == [[4], [1], [2], [3]]
    for forgotten, left in (
        (here, [[], [1], [2], [3]]),
        (None, [[], [], [2], [3]]),
        (RECOVERY_CODES, [[], [], [2], []]),
    ):
        async with storage.uow.begin(HERE) as tx:
            await tx.factors.failures.forget(user_id, counter=forgotten)
            tx.record(audit.second_factor_failed(user_id, at=clock.now()))
        assert await counted() == left


async def test_failures_of_a_month_ago_are_dropped(storage: Storage, clock: ControlledClock, user_id: UUID) -> None:
    for _ in range(2):
        async with storage.uow.begin(HERE) as tx:
            await tx.factors.failures.note(user_id, UNKNOWN_DEVICES, at=clock.now())
            tx.record(audit.second_factor_failed(user_id, at=clock.now()))
        clock.advance(seconds=KEPT_FOR.total_seconds())
    async with storage.uow.begin(HERE) as tx:
        assert len(await tx.factors.failures.lock_latest(user_id, UNKNOWN_DEVICES, limit=9)) == 1

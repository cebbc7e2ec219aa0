"""Second factors in PostgreSQL."""

from datetime import timedelta
from uuid import UUID, uuid4

from chassis.testing.clocks import ControlledClock
from identity.application.factors import audit as factor_audit
from identity.application.factors.purge_challenges import PurgeChallenges
from identity.domain.code_failures import KEPT_FOR, RECOVERY_CODES, UNKNOWN_DEVICES, of_device, of_session
from identity.domain.passkey import Ceremony, CeremonyKind
from identity.domain.password_reset import PasswordReset
from identity.domain.sign_in_challenge import SignInChallenge
from identity.domain.sign_in_name import SignInName
from identity.domain.totp import Totp
from services.identity.tests.integration.storage import (
    HERE,
    PROFILE,
    Storage,
    enrol_user,
    passkey,
    someone,
)

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


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


async def test_an_app_is_read_back_with_its_secret_and_can_be_replaced(
    storage: Storage, clock: ControlledClock, user_id: UUID
) -> None:
    for secret in (SECRET, SECRET[::-1]):
        async with storage.uow.begin(HERE) as tx:
            await tx.factors.totps.add(Totp.begin(user_id, at=clock.now()), secret)
            tx.record(factor_audit.factor_begun(user_id, "totp", at=clock.now()))
        async with storage.uow.begin(HERE) as tx:
            found, kept = await tx.factors.totps.lock(user_id)
            assert (kept, found.is_confirmed) == (secret, False)
    async with storage.uow.begin(HERE) as tx:
        found, _ = await tx.factors.totps.lock(user_id)
        found.confirm(7, at=clock.now())
        tx.record(factor_audit.factor_added(user_id, "totp", sessions_ended=0, at=clock.now()))
    assert (await storage.views.factors.factors_of(user_id)).totp_confirmed_at == clock.now()
    async with storage.uow.begin(HERE) as tx:
        await tx.factors.totps.remove(user_id)
        tx.record(factor_audit.factor_removed(user_id, "totp", sessions_ended=0, at=clock.now()))
    async with storage.uow.begin(HERE) as tx:
        assert await tx.factors.totps.lock(user_id) is None


async def test_backup_codes_are_used_once_counted_and_replaced(storage: Storage, clock: ControlledClock, user_id: UUID) -> None:
    old, new = [bytes([number]) * 32 for number in range(3)], [bytes([9]) * 32]
    async with storage.uow.begin(HERE) as tx:
        await tx.factors.backup_codes.replace(user_id, old, at=clock.now())
        outcomes = [await tx.factors.backup_codes.use(user_id, old[0], at=clock.now()) for _ in range(2)]
        assert (outcomes, await tx.factors.backup_codes.use(uuid4(), old[1], at=clock.now())) == ([True, False], False)
        tx.record(factor_audit.backup_codes_renewed(user_id, 3, sessions_ended=0, at=clock.now()))
    assert (await storage.views.factors.factors_of(user_id)).backup_codes_left == 2
    async with storage.uow.begin(HERE) as tx:
        await tx.factors.backup_codes.replace(user_id, new, at=clock.now())
        assert not await tx.factors.backup_codes.use(user_id, old[1], at=clock.now())
        tx.record(factor_audit.backup_codes_renewed(user_id, 1, sessions_ended=0, at=clock.now()))
    view = await storage.views.factors.factors_of(user_id)
    assert (view.backup_codes_left, view.methods) == (1, ("backup_code",))


async def test_deleting_one_users_factors_leaves_those_of_others(storage: Storage, clock: ControlledClock, user_id: UUID) -> None:
    other = (await enrol_user(storage, clock, someone(2))).user_id
    for number, whose in enumerate((user_id, other)):
        async with storage.uow.begin(HERE) as tx:
            await tx.factors.totps.add(Totp.begin(whose, at=clock.now()), SECRET)
            await tx.factors.backup_codes.replace(whose, [bytes([number]) * 32], at=clock.now())
            await tx.factors.passkeys.add(passkey(whose, clock, bytes([number])))
            tx.factors.challenges.add(challenge(whose, clock, bytes([number]) * 32))
            await tx.factors.failures.note(whose, UNKNOWN_DEVICES, at=clock.now())
            (await tx.users.lock(whose)).gain_factor(at=clock.now())
            tx.record(factor_audit.factor_added(whose, "all", sessions_ended=0, at=clock.now()))
    async with storage.uow.begin(HERE) as tx:
        await tx.factors.forget(user_id)
        tx.record(factor_audit.factor_removed(user_id, "all", sessions_ended=0, at=clock.now()))
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


async def test_only_expired_challenges_are_purged(storage: Storage, clock: ControlledClock, user_id: UUID) -> None:
    async def add(number: int) -> None:
        async with storage.uow.begin(HERE) as tx:
            tx.factors.challenges.add(challenge(user_id, clock, bytes([number]) * 32))
            tx.factors.ceremonies.add(Ceremony.begin(uuid4(), CeremonyKind.SIGN_IN, b"c", user_id=None, at=clock.now()))
            tx.password_resets.add(PasswordReset.issue(uuid4(), user_id, bytes([number]) * 32, at=clock.now()))
            tx.record(factor_audit.factor_begun(user_id, "all", at=clock.now()))

    await add(1)
    clock.advance(seconds=3 * 3600)
    await add(2)
    purge = PurgeChallenges(storage.uow, clock)
    assert [await purge(), await purge()] == [3, 0]
    async with storage.uow.begin(HERE) as tx:
        assert await tx.password_resets.lock(bytes([1]) * 32) is None
        assert await tx.password_resets.lock(bytes([2]) * 32)
        assert await tx.password_resets.issued_since(user_id, clock.now() - timedelta(hours=1)) == 1


async def test_failures_are_counted_and_forgotten_per_user_and_counter(
    storage: Storage, clock: ControlledClock, user_id: UUID
) -> None:
    other = (await enrol_user(storage, clock, someone(2))).user_id
    start, here, there = clock.now(), of_device(uuid4()), of_session(uuid4())

    async def counted(limit: int = 9) -> list[list[int]]:
        """Return for each failure, newest first, after how many minutes it was recorded."""
        async with storage.uow.begin(HERE) as tx:
            found = [await tx.factors.failures.lock_latest(*each, limit=limit) for each in counters]
        return [[int((at - start).total_seconds()) // 60 for at in times] for times in found]

    # Failures of recovery are forgotten only under their own counter.
    counters = [(user_id, here), (user_id, there), (other, here), (user_id, RECOVERY_CODES)]
    for whose, counter in (*counters, counters[0]):
        async with storage.uow.begin(HERE) as tx:
            await tx.factors.failures.note(whose, counter, at=clock.now())
            tx.record(factor_audit.second_factor_failed(whose, at=clock.now()))
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
            tx.record(factor_audit.second_factor_failed(user_id, at=clock.now()))
        assert await counted() == left


async def test_failures_older_than_a_month_are_dropped(storage: Storage, clock: ControlledClock, user_id: UUID) -> None:
    for _ in range(2):
        async with storage.uow.begin(HERE) as tx:
            await tx.factors.failures.note(user_id, UNKNOWN_DEVICES, at=clock.now())
            tx.record(factor_audit.second_factor_failed(user_id, at=clock.now()))
        clock.advance(seconds=KEPT_FOR.total_seconds())
    async with storage.uow.begin(HERE) as tx:
        assert len(await tx.factors.failures.lock_latest(user_id, UNKNOWN_DEVICES, limit=9)) == 1

"""Fakes of second factors and recovery, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from identity.application.factors.views import FactorsView, PasskeyView
from identity.application.recovery.views import RecoveryView
from identity.domain.code_failures import KEPT_FOR, RECOVERY_CODES
from identity.domain.email_undo import EmailUndo
from identity.domain.errors import FactorExists
from identity.domain.passkey import Ceremony, Passkey
from identity.domain.password_reset import PasswordReset
from identity.domain.recovery_request import UNCONFIRMED_PER_HOUR_MAX, RecoveryRequest
from identity.domain.sign_in_challenge import SignInChallenge
from identity.domain.totp import Totp
from kernel.pages import Page, PageRequest
from services.identity.tests.fakes.pages import page_of


@dataclass
class FactorStore:
    totps: dict[UUID, tuple[Totp, str]] = field(default_factory=dict)
    backup_codes: dict[UUID, dict[bytes, datetime | None]] = field(default_factory=dict)
    passkeys: dict[UUID, Passkey] = field(default_factory=dict)
    ceremonies: dict[UUID, Ceremony] = field(default_factory=dict)
    challenges: dict[bytes, SignInChallenge] = field(default_factory=dict)
    failures: list[tuple[UUID, str, datetime]] = field(default_factory=list)
    password_resets: dict[bytes, PasswordReset] = field(default_factory=dict)
    email_undos: dict[bytes, tuple[EmailUndo, str]] = field(default_factory=dict)
    recovery_requests: dict[UUID, RecoveryRequest] = field(default_factory=dict)
    required_resets: dict[tuple[UUID, UUID], datetime] = field(default_factory=dict)


class FakeTotps:
    def __init__(self, store: FactorStore) -> None:
        self._store = store

    async def add(self, totp: Totp, secret: str) -> None:
        self._store.totps[totp.user_id] = (totp, secret)

    async def lock(self, user_id: UUID) -> tuple[Totp, str] | None:
        return self._store.totps.get(user_id)

    async def remove(self, user_id: UUID) -> None:
        self._store.totps.pop(user_id, None)


class FakeBackupCodes:
    def __init__(self, store: FactorStore) -> None:
        self._store = store

    async def replace(self, user_id: UUID, digests: Sequence[bytes], *, at: datetime) -> None:  # a port
        self._store.backup_codes[user_id] = dict.fromkeys(digests)

    async def spend(self, user_id: UUID, digest: bytes, *, at: datetime) -> bool:
        codes = self._store.backup_codes.get(user_id, {})
        if digest not in codes or codes[digest] is not None:
            return False
        codes[digest] = at
        return True


class FakePasskeys:
    def __init__(self, store: FactorStore) -> None:
        self._store = store

    async def add(self, passkey: Passkey) -> None:
        if await self.lock_credential(passkey.credential_id):
            raise FactorExists
        self._store.passkeys[passkey.id] = passkey

    async def lock(self, passkey_id: UUID) -> Passkey | None:
        return self._store.passkeys.get(passkey_id)

    async def lock_credential(self, credential_id: bytes) -> Passkey | None:
        return next((each for each in self._store.passkeys.values() if each.credential_id == credential_id), None)

    async def of(self, user_id: UUID) -> Sequence[Passkey]:
        passkeys = [passkey for passkey in self._store.passkeys.values() if passkey.user_id == user_id]
        return sorted(passkeys, key=lambda passkey: (passkey.created_at, passkey.id))

    async def remove(self, passkey: Passkey) -> None:
        del self._store.passkeys[passkey.id]


class FakeCeremonies:
    def __init__(self, store: FactorStore) -> None:
        self._store = store

    def add(self, ceremony: Ceremony) -> None:
        self._store.ceremonies[ceremony.id] = ceremony

    async def lock(self, ceremony_id: UUID) -> Ceremony | None:
        return self._store.ceremonies.get(ceremony_id)


class FakeSignInChallenges:
    def __init__(self, store: FactorStore) -> None:
        self._store = store

    def add(self, challenge: SignInChallenge) -> None:
        self._store.challenges[challenge.digest] = challenge

    async def lock(self, digest: bytes) -> SignInChallenge | None:
        return self._store.challenges.get(digest)


class FakeFactorFailures:
    def __init__(self, store: FactorStore) -> None:
        self._store = store

    async def note(self, user_id: UUID, counter: str, *, at: datetime) -> None:
        kept = [each for each in self._store.failures if each[2] > at - KEPT_FOR]
        self._store.failures[:] = [*kept, (user_id, counter, at)]

    async def lock_latest(self, user_id: UUID, counter: str, *, limit: int) -> Sequence[datetime]:
        mine = [at for whose, under, at in self._store.failures if (whose, under) == (user_id, counter)]
        return sorted(mine, reverse=True)[:limit]

    async def forget(self, user_id: UUID, *, counter: str | None = None) -> None:
        kept = [
            each
            for each in self._store.failures
            if each[0] != user_id or (each[1] != counter if counter else each[1] == RECOVERY_CODES)
        ]
        self._store.failures[:] = kept


class FakeFactors:
    def __init__(self, store: FactorStore) -> None:
        self._store = store
        self.totps = FakeTotps(store)
        self.backup_codes = FakeBackupCodes(store)
        self.passkeys = FakePasskeys(store)
        self.ceremonies = FakeCeremonies(store)
        self.challenges = FakeSignInChallenges(store)
        self.failures = FakeFactorFailures(store)

    async def forget(self, user_id: UUID) -> None:
        store = self._store
        store.totps.pop(user_id, None)
        store.backup_codes.pop(user_id, None)
        store.passkeys = {each.id: each for each in store.passkeys.values() if each.user_id != user_id}
        store.ceremonies = {each.id: each for each in store.ceremonies.values() if each.user_id != user_id}
        store.challenges = {each.digest: each for each in store.challenges.values() if each.user_id != user_id}
        store.failures = [each for each in store.failures if each[0] != user_id]

    async def purge(self, expired_before: datetime) -> int:
        store = self._store
        before = len(store.challenges) + len(store.ceremonies)
        store.challenges = {name: each for name, each in store.challenges.items() if each.expires_at >= expired_before}
        store.ceremonies = {name: each for name, each in store.ceremonies.items() if each.expires_at >= expired_before}
        return before - len(store.challenges) - len(store.ceremonies)


class FakePasswordResets:
    def __init__(self, store: FactorStore) -> None:
        self._store = store

    def add(self, reset: PasswordReset) -> None:
        self._store.password_resets[reset.digest] = reset

    async def lock(self, digest: bytes) -> PasswordReset | None:
        return self._store.password_resets.get(digest)

    async def void(self, user_id: UUID, *, at: datetime) -> None:
        for reset in self._store.password_resets.values():
            if reset.user_id == user_id:
                reset.used_at = reset.used_at or at

    async def purge(self, expired_before: datetime) -> int:
        kept = {name: each for name, each in self._store.password_resets.items() if each.expires_at >= expired_before}
        dropped = len(self._store.password_resets) - len(kept)
        self._store.password_resets = kept
        return dropped

    async def issued_since(self, user_id: UUID, since: datetime) -> int:
        return sum(each.user_id == user_id and each.created_at > since for each in self._store.password_resets.values())

    async def note_required(self, user_id: UUID, *, by: UUID, at: datetime) -> None:
        self._store.required_resets[user_id, by] = at

    async def required_by(self, user_id: UUID, *, since: datetime) -> frozenset[UUID]:
        required = self._store.required_resets.items()
        return frozenset(by for (whose, by), at in required if whose == user_id and at > since)

    async def purge_required(self, before: datetime) -> int:
        kept = {ids: at for ids, at in self._store.required_resets.items() if at > before}
        dropped = len(self._store.required_resets) - len(kept)
        self._store.required_resets = kept
        return dropped


class FakeEmailUndos:
    def __init__(self, store: FactorStore) -> None:
        self._store = store

    async def add(self, undo: EmailUndo, email: str) -> None:
        self._store.email_undos[undo.digest] = undo, email

    async def lock(self, digest: bytes) -> tuple[EmailUndo, str] | None:
        return self._store.email_undos.get(digest)

    async def void(self, user_id: UUID, *, created_since: datetime, at: datetime) -> None:
        for undo, _ in self._store.email_undos.values():
            if undo.user_id == user_id and undo.created_at >= created_since:
                undo.used_at = undo.used_at or at

    async def open_until(self, user_id: UUID, *, at: datetime) -> datetime | None:
        undos = [undo for undo, _ in self._store.email_undos.values() if undo.user_id == user_id]
        return max((undo.expires_at for undo in undos if undo.is_open(at=at)), default=None)

    async def purge(self, expired_before: datetime) -> int:
        kept = {name: each for name, each in self._store.email_undos.items() if each[0].expires_at >= expired_before}
        dropped = len(self._store.email_undos) - len(kept)
        self._store.email_undos = kept
        return dropped


class FakeRecoveryRequests:
    def __init__(self, store: FactorStore) -> None:
        self._store = store

    def add(self, request: RecoveryRequest) -> None:
        self._store.recovery_requests[request.id] = request

    async def lock(self, request_id: UUID) -> RecoveryRequest | None:
        return self._store.recovery_requests.get(request_id)

    async def waiting_of(self, user_id: UUID, *, at: datetime) -> RecoveryRequest | None:
        return next((each for each in self._open_of(user_id, at) if each.confirmed_at), None)

    async def unconfirmed_since(self, user_id: UUID, since: datetime, *, at: datetime) -> Sequence[datetime]:
        waiting = [each.requested_at for each in self._open_of(user_id, at) if not each.confirmed_at]
        return sorted((asked_at for asked_at in waiting if asked_at > since), reverse=True)[:UNCONFIRMED_PER_HOUR_MAX]

    async def void(self, user_id: UUID, *, at: datetime, unconfirmed_only: bool = False) -> Sequence[UUID]:
        ending = [each for each in self._open_of(user_id, at) if not (unconfirmed_only and each.confirmed_at)]
        for each in ending:
            each.expires_at = at
        return [each.id for each in ending]

    def _open_of(self, user_id: UUID, at: datetime) -> list[RecoveryRequest]:
        return [each for each in self._store.recovery_requests.values() if each.user_id == user_id and each.is_open(at=at)]


class FakeFactorQueries:
    @property
    def _store(self) -> FactorStore:
        raise NotImplementedError

    async def factors_of(self, user_id: UUID) -> FactorsView:
        store = self._store
        totp = store.totps.get(user_id)
        left = sum(used_at is None for used_at in store.backup_codes.get(user_id, {}).values())
        passkeys = [
            PasskeyView(each.id, each.name, each.backed_up, each.created_at, each.last_used_at, each.flagged_at)
            for each in await FakePasskeys(store).of(user_id)
        ]
        return FactorsView(totp[0].confirmed_at if totp else None, left, passkeys)

    async def recovery_requests(
        self, status: str | None, page: PageRequest, *, confirmed: bool | None = None
    ) -> Page[RecoveryView]:
        found = [
            each
            for each in self._store.recovery_requests.values()
            if status in (None, each.status) and confirmed in (None, each.confirmed_at is not None)
        ]
        found.sort(key=lambda each: (each.requested_at, each.id), reverse=True)
        return page_of([_recovery_view(each) for each in found], page)


def _recovery_view(request: RecoveryRequest) -> RecoveryView:
    return RecoveryView(
        id=request.id,
        user_id=request.user_id,
        reason=request.reason.value,
        status=request.status.value,
        requested_at=request.requested_at,
        expires_at=request.expires_at,
        decided_at=request.decided_at,
        decided_by=request.decided_by,
        decision_reason=request.decision_reason,
        confirmed_at=request.confirmed_at,
    )

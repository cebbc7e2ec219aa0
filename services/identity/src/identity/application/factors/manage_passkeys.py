"""A user's passkeys: added, named, removed. They sign in without a password, and count as two factors."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from identity.application.factors import audit
from identity.application.factors.second_factor import end_others, lock_to_change, note_added, settle_removal, take_effect
from identity.application.ports.passkeys import NewCredential, WebAuthn
from identity.application.ports.revocations import Revocations
from identity.application.ports.unit_of_work import Transaction, UnitOfWork
from identity.application.users.views import UserViews
from identity.domain.errors import PasskeyRefused, TooManyPasskeys
from identity.domain.passkey import PER_USER_MAX, Ceremony, CeremonyKind, Passkey
from identity.domain.user import User
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound
from kernel.ids import new_id


@dataclass(frozen=True, slots=True)
class Begun:
    """`options` is what the browser's `navigator.credentials` takes as `publicKey`, in its JSON form."""

    ceremony_id: UUID
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BeginPasskey:
    uow: UnitOfWork
    queries: UserViews
    webauthn: WebAuthn
    clock: Clock

    async def __call__(self, *, actor: Actor) -> Begun:
        """Begin adding one; raises StepUpRequired, or TooManyPasskeys."""
        at, challenge, ceremony_id = self.clock.now(), self.webauthn.new_challenge(), new_id()
        async with self.uow.begin(actor) as tx:
            user = await lock_to_change(tx, actor, at=at)
            known = await tx.factors.passkeys.of(user.id)
            if len(known) >= PER_USER_MAX:
                raise TooManyPasskeys
            tx.factors.ceremonies.add(Ceremony.begin(ceremony_id, CeremonyKind.REGISTER, challenge, user_id=user.id, at=at))
            tx.record_bounded(
                audit.ceremony_begun(ceremony_id, CeremonyKind.REGISTER.value, user_id=user.id, at=at), account=user.id
            )
        view = await self.queries.user(user.id)
        account = view.email if view else str(user.id)
        known_ids = [passkey.credential_id for passkey in known]
        return Begun(ceremony_id, self.webauthn.registration_options(challenge, user.id, account, known_ids))


@dataclass(frozen=True, slots=True)
class AddPasskey:
    uow: UnitOfWork
    webauthn: WebAuthn
    revocations: Revocations
    clock: Clock

    async def __call__(
        self, *, actor: Actor, ceremony_id: UUID, name: str, credential: Mapping[str, Any], end_other_sessions: bool = True
    ) -> Passkey:
        """Raise PasskeyRefused (the challenge is spent all the same), StepUpRequired, FactorExists or TooManyPasskeys."""
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            user = await lock_to_change(tx, actor, at=at)
            verified = await self._verify(tx, user, ceremony_id, credential, at)
            ended = await end_others(tx, actor, user, wanted=end_other_sessions and verified is not None, at=at)
            passkey = await _add(tx, user, verified, name, len(ended), at) if verified else None
        if passkey is None:
            raise PasskeyRefused
        await take_effect(self.revocations, user, ended, at=at)
        return passkey

    async def _verify(
        self, tx: Transaction, user: User, ceremony_id: UUID, credential: Mapping[str, Any], at: datetime
    ) -> NewCredential | None:
        ceremony = await tx.factors.ceremonies.lock(ceremony_id)
        if ceremony is None or not ceremony.take(CeremonyKind.REGISTER, user_id=user.id, at=at):
            tx.record_bounded(audit.ceremony_failed(ceremony_id, passkey=None, at=at, reason="over"), account=user.id)
            return None
        try:
            return self.webauthn.verify_registration(ceremony.challenge, credential)
        except PasskeyRefused:
            tx.record_bounded(audit.ceremony_failed(ceremony_id, passkey=None, at=at), account=user.id)
            return None


async def _add(tx: Transaction, user: User, verified: NewCredential, name: str, sessions_ended: int, at: datetime) -> Passkey:
    if len(await tx.factors.passkeys.of(user.id)) >= PER_USER_MAX:
        raise TooManyPasskeys
    passkey_id = new_id()
    passkey = Passkey(
        id=passkey_id,
        user_id=user.id,
        credential_id=verified.credential_id,
        public_key=verified.public_key,
        sign_count=verified.sign_count,
        backup_eligible=verified.backup_eligible,
        backed_up=verified.backed_up,
        name=await tx.names.seal(user.id, passkey_id, name),
        created_at=at,
    )
    await tx.factors.passkeys.add(passkey)
    await note_added(tx, user, "passkey", sessions_ended=sessions_ended, at=at)
    return passkey


@dataclass(frozen=True, slots=True)
class RenamePasskey:
    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, passkey_id: UUID, name: str) -> Passkey:
        """Raise NotFound for a passkey that is not the caller's."""
        async with self.uow.begin(actor) as tx:
            passkey = await _own(tx, actor, passkey_id)
            passkey.rename(await tx.names.seal(passkey.user_id, passkey.id, name))
            tx.record(audit.passkey_renamed(passkey, at=self.clock.now()))
        return passkey


@dataclass(frozen=True, slots=True)
class RemovePasskey:
    uow: UnitOfWork
    revocations: Revocations
    clock: Clock

    async def __call__(self, *, actor: Actor, passkey_id: UUID, end_other_sessions: bool = True) -> None:
        """Raise StepUpRequired, or NotFound for a passkey that is not the caller's."""
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            user = await lock_to_change(tx, actor, at=at)
            await tx.factors.passkeys.remove(await _own(tx, actor, passkey_id))
            others = await end_others(tx, actor, user, wanted=end_other_sessions, at=at)
            ended = await settle_removal(tx, user, "passkey", ended=others, passkey_id=passkey_id, at=at)
        await take_effect(self.revocations, user, ended, at=at)


async def _own(tx: Transaction, actor: Actor, passkey_id: UUID) -> Passkey:
    passkey = await tx.factors.passkeys.lock(passkey_id)
    if passkey is None or passkey.user_id != actor.user_id:
        raise NotFound(passkey_id=passkey_id)
    return passkey

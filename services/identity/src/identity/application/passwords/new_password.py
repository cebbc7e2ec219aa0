"""The rules of every new password: it is good enough, and not one of the last five."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identity.application.ports.passwords import PasswordHasher, PasswordHashes
from identity.application.ports.unit_of_work import Transaction
from identity.application.users.views import UserViews
from identity.domain.code_failures import RECOVERY_CODES
from identity.domain.errors import WeakPassword
from identity.domain.password_policy import PasswordPolicy, normalise
from identity.domain.user import User
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class NewPassword:
    """Call `prepare` outside a transaction, because it hashes, and `set` within one."""

    passwords: PasswordHasher
    policy: PasswordPolicy
    users: UserViews
    hashes: PasswordHashes

    async def prepare(self, *, user_id: UUID, password: str, multi_factor: bool) -> str:
        """Return the hash of an acceptable password. Raise WeakPassword, NotFound or Unavailable."""
        view = await self.users.user(user_id)
        if view is None:
            raise NotFound(user_id=user_id)
        secret = normalise(password)
        words = (view.full_name, view.email.partition("@")[0], view.organization or "", view.username or "")
        self.policy.check(secret, words, multi_factor=multi_factor)
        for earlier in await self.hashes.recent_password_hashes(user_id):
            if (await self.passwords.verify(earlier, secret)).matches:
                raise WeakPassword(rule="reused")
        return await self.passwords.hash(secret)

    async def set(
        self, tx: Transaction, user: User, password_hash: str, *, at: datetime, from_known_device: bool = False
    ) -> None:
        """Set the password of a locked user, keep the previous hash, and void what waits for confirmation.

        `from_known_device`: the owner changed it on a long-known device, so the previous password cannot undo a later change of
        address. Resets by link or by staff's request have no device: nothing shows who makes them (ADR 0025).
        """
        await tx.password_history.add(user.id, user.password_hash, replaced_at=at, from_known_device=from_known_device)
        user.change_password(password_hash, at=at)
        # Or a link that was sent before could undo the change.
        await tx.password_resets.void(user.id, at=at)
        # Unconfirmed recovery requests were made with the previous password.
        await tx.recovery_requests.void(user.id, at=at, unconfirmed_only=True)
        await tx.factors.failures.forget(user.id, counter=RECOVERY_CODES)

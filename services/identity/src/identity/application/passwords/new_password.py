"""What every way to a new password asks of it: that it is good enough, and none of the last five."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identity.application.ports.passwords import PasswordHashes, Passwords
from identity.application.ports.unit_of_work import Transaction
from identity.application.users.views import UserViews
from identity.domain.code_failures import RECOVERY_CODES
from identity.domain.errors import WeakPassword
from identity.domain.password_policy import PasswordPolicy, normalise
from identity.domain.user import User
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class NewPassword:
    """`prepare` outside a transaction, for it hashes; `set` within it."""

    passwords: Passwords
    policy: PasswordPolicy
    users: UserViews
    hashes: PasswordHashes

    async def prepare(self, *, user_id: UUID, password: str, multi_factor: bool) -> str:
        """Return the hash of a password that the user may have; raises WeakPassword, NotFound or Unavailable."""
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
        """Give a locked user the password, keep the hash of the one before, and void what waits to be confirmed.

        `from_known_device`: it was changed on a device known for long, by its owner: the one before undoes no later change of
        address. Resets by link, or that staff require, are on no device: nothing tells who is behind them (ADR 0025).
        """
        await tx.password_history.add(user.id, user.password_hash, replaced_at=at, from_known_device=from_known_device)
        user.change_password(password_hash, at=at)
        # A link that was sent before could undo it.
        await tx.password_resets.void(user.id, at=at)
        # Who asked for a recovery gave the password that is gone.
        await tx.recovery_requests.void(user.id, at=at, unconfirmed_only=True)
        await tx.factors.failures.forget(user.id, counter=RECOVERY_CODES)

"""The setup of an authenticator app: first its secret, then a code as proof that the app has it.

A signed-in user can do this, and so can a user who must have a second factor first, with the challenge of the sign-in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from identity.application.factors import audit
from identity.application.factors.record_added_factor import RecordAddedFactor
from identity.application.ports.factors import BackupCodeMaker, TotpCodes
from identity.application.ports.unit_of_work import Transaction
from identity.domain.errors import FactorExists, WrongCode
from identity.domain.totp import Totp
from identity.domain.user import User
from kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class NewTotp:
    """The secret for the app, as text and as the content of a QR code."""

    secret: str
    uri: str

    def __repr__(self) -> str:
        return "NewTotp()"


async def begin_setup(tx: Transaction, codes: TotpCodes, user: User, *, at: datetime) -> NewTotp:
    """Store a new secret for a locked user. Raise FactorExists when an app is confirmed already."""
    found = await tx.factors.totps.lock(user.id)
    if found and found[0].is_confirmed:
        raise FactorExists
    secret = codes.new_secret()
    await tx.factors.totps.add(Totp.begin(user.id, at=at), secret)
    tx.record_bounded(audit.factor_begun(user.id, "totp", at=at), user_id=user.id)
    profile = await tx.profiles.of(user.id)
    return NewTotp(secret, codes.uri(secret, profile.email))


@dataclass(frozen=True, slots=True)
class ConfirmSetup:
    """Confirm the app of a locked user. The code is then used: the first sign-in needs the next one."""

    codes: TotpCodes
    backup: BackupCodeMaker
    record_added_factor: RecordAddedFactor

    async def __call__(
        self, tx: Transaction, actor: Actor, user: User, code: str, *, end_other_sessions: bool, at: datetime
    ) -> Sequence[str]:
        """Return new backup codes. Raise WrongCode, also if no app waits for confirmation."""
        found = await tx.factors.totps.lock(user.id)
        step = self.codes.step_of(found[1], code, at=at) if found and not found[0].is_confirmed else None
        if found is None or step is None:
            raise WrongCode
        found[0].confirm(step, at=at)
        fresh = self.backup.make()
        await tx.factors.backup_codes.replace(user.id, [self.backup.digest(user.id, each) for each in fresh], at=at)
        await self.record_added_factor(tx, actor, user, "totp", end_other_sessions=end_other_sessions, at=at)
        return fresh

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identity.application.factors import audit
from identity.application.factors.code_attempts import admit, note_failure
from identity.application.ports.factors import BackupCodeMaker, TotpCodes
from identity.application.ports.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class CheckCode:
    """Check a code of a second factor and use it. `counter` is the counter of failures (code_failures.py)."""

    totp: TotpCodes
    backup: BackupCodeMaker

    async def __call__(self, tx: Transaction, user_id: UUID, code: str, *, counter: str, at: datetime) -> str | None:
        """Return "totp" or "backup_code", None for a wrong or used code. Raise TooManyAttempts."""
        await admit(tx, user_id, counter=counter, at=at)
        factor = await self._factor_of(tx, user_id, code, at)
        if factor:
            await tx.factors.failures.forget(user_id, counter=counter)
            tx.record_bounded(audit.second_factor_shown(user_id, factor, at=at), user_id=user_id)
        else:
            await note_failure(tx, user_id, counter=counter, at=at)
        return factor

    async def _factor_of(self, tx: Transaction, user_id: UUID, code: str, at: datetime) -> str | None:
        if code.isdecimal():
            found = await tx.factors.totps.lock(user_id)
            step = self.totp.step_of(found[1], code, at=at) if found else None
            return "totp" if found and step is not None and found[0].accept(step) else None
        spent = await tx.factors.backup_codes.use(user_id, self.backup.digest(user_id, code), at=at)
        return "backup_code" if spent else None

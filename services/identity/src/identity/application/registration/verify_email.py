from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identity.application.ports.one_time_codes import Pending
from identity.application.ports.unit_of_work import Transaction
from identity.application.registration.take_over_email import TakeOverEmail
from identity.application.registration.verification import VerificationResult
from identity.application.registration.verify_code import Effect, VerifyCode
from identity.application.users.enrolment import enrol
from identity.domain.one_time_code import OneTimeCode, Purpose
from identity.domain.profile import Profile
from identity.domain.user import InitialRole
from kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class VerifyEmail:
    """Verify an e-mail address with the code that was mailed to it. Opens the registered account or changes the address."""

    verify_code: VerifyCode
    take_over_email: TakeOverEmail

    async def __call__(self, *, actor: Actor, verification_id: UUID, code: str) -> VerificationResult:
        """Raise InvalidCode, or UserExists if another user verified the same details first."""
        effects: dict[Purpose, Effect] = {Purpose.REGISTRATION: _open_account, Purpose.EMAIL: self.take_over_email}
        return await self.verify_code(effects, actor=actor, verification_id=verification_id, code=code)


async def _open_account(tx: Transaction, code: OneTimeCode, pending: Pending, at: datetime) -> VerificationResult:
    enrolled = await enrol(
        tx,
        _profile(pending),
        username=pending["username"],
        password_hash=pending["password_hash"] or "",
        initial_role=InitialRole.USER,
        agreed_terms=True,
        at=at,
        user_id=code.user_id,
        email_verified=True,
    )
    return VerificationResult(enrolled.user_id, enrolled.wallet_address)


def _profile(pending: Pending) -> Profile:
    return Profile.of(
        full_name=pending["full_name"] or "",
        email=pending["email"] or "",
        phone=pending["phone"],
        organization=pending["organization"],
    )

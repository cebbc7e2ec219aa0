from dataclasses import dataclass
from uuid import UUID

from identity.application.registration.take_over_phone import take_over_phone
from identity.application.registration.verification import VerificationResult
from identity.application.registration.verify_code import VerifyCode
from identity.domain.one_time_code import Purpose
from kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class VerifyPhone:
    """Verify a telephone number with the code from the text message."""

    verify_code: VerifyCode

    async def __call__(self, *, actor: Actor, verification_id: UUID, code: str) -> VerificationResult:
        """Raise InvalidCode, or UserExists if another user verified the number first."""
        return await self.verify_code({Purpose.PHONE: take_over_phone}, actor=actor, verification_id=verification_id, code=code)

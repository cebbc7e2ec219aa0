from dataclasses import dataclass
from typing import Final
from uuid import UUID

from identity.application.registration.resend_code import ResendCode
from identity.domain.one_time_code import Purpose
from kernel.actor import Actor

_PURPOSES: Final = frozenset({Purpose.REGISTRATION, Purpose.EMAIL, Purpose.RECOVERY})


@dataclass(frozen=True, slots=True)
class ResendEmailCode:
    """Send another code by mail in place of the last."""

    resend_code: ResendCode

    async def __call__(self, *, actor: Actor, verification_id: UUID) -> None:
        await self.resend_code(_PURPOSES, actor=actor, verification_id=verification_id)

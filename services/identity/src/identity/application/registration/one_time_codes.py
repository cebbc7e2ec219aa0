"""One-time codes, sent to the addresses that they verify."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from identity.application.ports.digests import Digests
from identity.application.ports.one_time_codes import Pending
from identity.application.ports.unit_of_work import Transaction
from identity.domain.email_address import canonical_email
from identity.domain.message import Template
from identity.domain.one_time_code import SENDS_PER_HOUR_MAX, SENDS_PER_HOUR_OF_ACCOUNT_MAX, OneTimeCode, Purpose
from kernel.ids import new_id

_TEMPLATES: Final[Mapping[Purpose, Template]] = {
    Purpose.REGISTRATION: Template.VERIFY_EMAIL,
    Purpose.EMAIL: Template.VERIFY_EMAIL,
    Purpose.PHONE: Template.VERIFY_PHONE,
    Purpose.RECOVERY: Template.RECOVERY_REQUESTED,
}
# The field of the pending operation that has the address of the code.
TARGET: Final[Mapping[Purpose, str]] = {
    Purpose.REGISTRATION: "email",
    Purpose.EMAIL: "email",
    Purpose.PHONE: "phone",
    Purpose.RECOVERY: "email",
}


@dataclass(frozen=True, slots=True)
class DecoyMessage:
    """The message that replaces a code that must not be sent. It takes the same work, so that the timing reveals nothing."""

    user_id: UUID
    template: Template
    to: str | None = None


@dataclass(frozen=True, slots=True)
class CodeIssuer:
    """Issues a one-time code and sends it to the address that the code verifies."""

    digest: Digests
    generate: Callable[[], str]

    async def issue(
        self,
        tx: Transaction,
        purpose: Purpose,
        *,
        user_id: UUID,
        pending: Pending,
        at: datetime,
        instead: DecoyMessage | None = None,
    ) -> OneTimeCode:
        """Issue a code and send it, or a decoy and its message.

        Nothing is sent if the address got too many codes or the account requested too many.
        """
        target = pending[TARGET[purpose]] or ""
        code_id, text = new_id(), self.generate()
        index = self.digest(_counted_under(purpose, target))
        may_send = await self._may_send(tx, index, user_id, at)
        code = OneTimeCode.issue(
            code_id,
            purpose,
            user_id=user_id,
            target_index=index,
            digest=self.digest_of(code_id, text),
            decoy=instead is not None,
            at=at,
        )
        await tx.one_time_codes.add(code, pending)
        if may_send and instead:
            await tx.messages.send(instead.user_id, instead.template, to=instead.to)
        elif may_send:
            await tx.messages.send(user_id, _TEMPLATES[purpose], to=_recipient(purpose, target), code=text)
        return code

    async def renew(self, tx: Transaction, code: OneTimeCode, pending: Pending, *, at: datetime) -> bool:
        """Replace a code and send the new one, if both are allowed. Return whether it was replaced."""
        text = self.generate()
        if not await self._may_send(tx, code.target_index, code.user_id, at) or not code.renew(
            self.digest_of(code.id, text), at=at
        ):
            return False
        template = Template.DECOY if code.decoy else _TEMPLATES[code.purpose]
        to = _recipient(code.purpose, pending[TARGET[code.purpose]])
        await tx.messages.send(code.user_id, template, to=to, code=text)
        return True

    def digest_of(self, code_id: UUID, text: str) -> bytes:
        return self.digest(f"{code_id}:{text}")

    async def _may_send(self, tx: Transaction, target_index: bytes, user_id: UUID, at: datetime) -> bool:
        to_address, for_account = await tx.one_time_codes.lock_sent(target_index, user_id, at - timedelta(hours=1))
        return to_address < SENDS_PER_HOUR_MAX and for_account < SENDS_PER_HOUR_OF_ACCOUNT_MAX


def _counted_under(purpose: Purpose, target: str) -> str:
    # Recovery has its own count, so that strangers who register with the address cannot use it up.
    name = "recovery" if purpose is Purpose.RECOVERY else "target"
    # All spellings of a mailbox share one count.
    return f"{name}:{target if purpose is Purpose.PHONE else canonical_email(target)}"


def _recipient(purpose: Purpose, target: str | None) -> str | None:
    # Only the account's own mailbox confirms a recovery, and none does if it may be another person's (ADR 0021).
    return None if purpose is Purpose.RECOVERY else target

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from identity.application.devices.known_device import is_on_known_device
from identity.application.ports.one_time_codes import Pending
from identity.application.ports.one_time_secrets import OneTimeSecrets
from identity.application.ports.session_rules import UserSessionsEnder
from identity.application.ports.unit_of_work import Transaction
from identity.application.registration import audit
from identity.application.registration.pending_change import ASKING_SESSION, is_still_pending
from identity.application.registration.verification import VerificationResult
from identity.domain.email_address import canonical_email
from identity.domain.email_undo import EmailUndo
from identity.domain.message import Template
from identity.domain.one_time_code import OneTimeCode
from identity.domain.profile import Profile
from identity.domain.recovery_request import APPROVAL_KIND
from identity.domain.session import EndReason
from identity.domain.user import User
from kernel.approvals import ApprovalState
from kernel.errors import NotFound
from kernel.ids import new_id

# The field that names the session that continues when the others end.
KEPT_SESSION = "kept_session"


@dataclass(frozen=True, slots=True)
class TakeOverEmail:
    """Change the address to one at which a code was received, in the transaction of that code.

    The former mailbox gets a link that undoes the change, because only its reader can notice a thief. The link's secret follows
    the "#" of `undo_page`, because browsers never send that part to a server.
    """

    secrets: OneTimeSecrets
    end_sessions: UserSessionsEnder
    undo_page: str

    async def __call__(self, tx: Transaction, code: OneTimeCode, pending: Pending, at: datetime) -> VerificationResult | None:
        """Return None if it is no longer pending. Raise NotFound for an inactive user, UserExists for another user's address."""
        user = await tx.users.lock(code.user_id)
        if user is None or not user.is_active:
            raise NotFound(user_id=code.user_id)
        if not await is_still_pending(tx, code, pending, at=at):
            return None
        profile = await tx.profiles.of(user.id)
        changed = profile.with_email(pending["email"] or "")
        if canonical_email(profile.email) != canonical_email(changed.email):
            await self._replace_address(tx, user, profile, pending, at)
        if changed != profile:
            await tx.profiles.replace(user.id, changed)
        user.verify_email(at=at)
        return VerificationResult(user.id)

    async def _replace_address(self, tx: Transaction, user: User, profile: Profile, pending: Pending, at: datetime) -> None:
        # A reset link is in the former mailbox, which the user may have left because someone else reads it.
        await tx.password_resets.void(user.id, at=at)
        # Recovery requests that the former mailbox confirmed are no longer confirmed by the account's mailbox.
        voided = await tx.recovery_requests.void(user.id, at=at)
        await tx.approvals.close_of(APPROVAL_KIND, voided, ApprovalState.WITHDRAWN, at=at)
        secret = self.secrets.issue()
        # Queue it before the change, so that it goes to the former address: a thief would not report the change.
        sent = await tx.messages.send(user.id, Template.EMAIL_CHANGED, undo_link=f"{self.undo_page}#token={secret.text}")
        if sent:
            from_known_device = await is_on_known_device(tx, _session(pending, ASKING_SESSION), at=at)
            undo = EmailUndo.issue(new_id(), user.id, secret.digest, at=at, from_known_device=from_known_device)
            await tx.email_undos.add(undo, profile.email)
        kept_session = _session(pending, KEPT_SESSION)
        ended = 0
        if kept_session:
            ended = await self.end_sessions(tx, user.id, EndReason.EMAIL_CHANGED, at=at, except_session=kept_session)
        tx.record(audit.email_changed(user, can_be_undone=sent, sessions_ended=ended, at=at))


def _session(pending: Pending, name: str) -> UUID | None:
    session_id = pending.get(name)
    return UUID(session_id) if session_id else None

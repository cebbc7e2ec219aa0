"""The audit facts of users. None holds a secret or plain personal data."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from identity.application.users.views import UserFilter, UserView
from identity.domain.user import User
from identity.domain.wallet_address import WalletAddress
from kernel.audit import Audited, AuditFact, State
from kernel.reads import ReadOfOthers, given

USER_STATUS: Final = Audited[User](
    action="identity.user",
    resource_type="user",
    state=lambda user: {"status": user.status.value},
    id_of=lambda user: user.id,
)


def user_registered(user: User, address: WalletAddress) -> AuditFact:
    return AuditFact(
        action="identity.user.register",
        resource_type="user",
        resource_id=str(user.id),
        occurred_at=user.registered_at,
        after={
            "status": user.status.value,
            "initial_role": user.initial_role.value,
            "wallet_address": str(address.address),
            "agreed_terms": user.agreed_terms_at is not None,
        },
        related_ids=(str(address.address),),
    )


def user_changed(user: User, *, before: State, after: State, at: datetime) -> AuditFact:
    """Record which details changed, without their content."""
    return _user_fact("identity.user.update", user.id, at=at, before=before, after=after)


def email_unfolded(user: User, *, reason: str, at: datetime) -> AuditFact:
    """Record that the spelling of an address that was stored folded was restored, without the address."""
    return _user_fact("identity.email.unfold", user.id, at=at, reason=reason)


def unlocked(user_id: str, *, reason: str, at: datetime) -> AuditFact:
    return AuditFact(
        action="identity.user.unlock",
        resource_type="user",
        resource_id=user_id,
        occurred_at=at,
        reason=reason,
    )


def data_exported(user_id: UUID, *, at: datetime) -> AuditFact:
    """Record an export of the caller's own data."""
    return AuditFact(
        action="identity.user.export",
        resource_type="user",
        resource_id=str(user_id),
        occurred_at=at,
        after={"exported": True},
    )


def others_data_exported(user_id: UUID, *, reason: str) -> ReadOfOthers:
    return ReadOfOthers(action="identity.user.export", resource_id=str(user_id), owners=(user_id,), reason=reason)


def user_read(user_id: UUID) -> ReadOfOthers:
    return ReadOfOthers(action="identity.user.read", resource_id=str(user_id), owners=(user_id,))


def users_searched(which: UserFilter, found: Sequence[UserView], *, reason: str) -> ReadOfOthers:
    """Record a search: whether by e-mail, telephone or username, without their values."""
    personal = [name for name in ("email", "phone", "username") if getattr(which, name) is not None]
    filters = given(
        status=which.status, verified=which.verified, registered_from=which.registered_from, registered_to=which.registered_to
    )
    return ReadOfOthers(
        action="identity.user.search",
        owners=[user.id for user in found],
        filters=filters | ({"by": personal} if personal else {}),
        shown=len(found),
        reason=reason,
    )


def _user_fact(
    action: str,
    user_id: UUID,
    *,
    at: datetime,
    before: State | None = None,
    after: State | None = None,
    reason: str | None = None,
) -> AuditFact:
    return AuditFact(
        action=action,
        resource_type="user",
        resource_id=str(user_id),
        occurred_at=at,
        before=before,
        after=after,
        reason=reason,
    )

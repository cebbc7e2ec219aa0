"""The audit facts of accounts. None holds a secret or plain personal data."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from identity.application.accounts.queries import UserFilter, UserView
from identity.domain.one_time_code import OneTimeCode
from identity.domain.user import User
from identity.domain.wallet_address import WalletAddress
from kernel.audit import AuditFact, State
from kernel.reads import ReadOfOthers, given


def user_registered(user: User, address: WalletAddress, *, device: str | None = None) -> AuditFact:
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
        related_ids=(str(address.address), *((device,) if device else ())),
    )


def registration_requested(code: OneTimeCode) -> AuditFact:
    """Account for a registration that waits for its code; a decoy's fact is like any other's."""
    return _code_fact("identity.registration.request", code, at=code.created_at)


def code_requested(code: OneTimeCode) -> AuditFact:
    return _code_fact("identity.verification.request", code, at=code.created_at)


def code_renewed(code: OneTimeCode, *, at: datetime) -> AuditFact:
    return _code_fact("identity.verification.renew", code, at=at)


def code_accepted(code: OneTimeCode, *, at: datetime) -> AuditFact:
    return _code_fact("identity.verification.accept", code, at=at)


def code_refused(code: OneTimeCode, *, at: datetime) -> AuditFact:
    return _code_fact("identity.verification.refuse", code, at=at)


def codes_purged(count: int, *, at: datetime) -> AuditFact:
    return AuditFact(
        action="identity.verification.purge",
        resource_type="verification",
        resource_id="expired",
        occurred_at=at,
        after={"dropped": count},
    )


def email_changed(user: User, *, can_be_undone: bool, sessions_ended: int, at: datetime) -> AuditFact:
    """Record a change of address, never the addresses; its code has a fact of its own."""
    after = {"can_be_undone": can_be_undone, "sessions_ended": sessions_ended}
    return _user_fact("identity.email.change", user.id, at=at, after=after)


def email_unfolded(user: User, *, reason: str, at: datetime) -> AuditFact:
    """Record that an address that was stored folded was written out again, never the address."""
    return _user_fact("identity.email.unfold", user.id, at=at, reason=reason)


def password_changed(user: User, *, sessions_ended: int, at: datetime) -> AuditFact:
    return _user_fact("identity.password.change", user.id, at=at, after={"sessions_ended": sessions_ended})


def password_change_refused(user_id: UUID, *, reason: str, at: datetime) -> AuditFact:
    return _user_fact("identity.password.change_refused", user_id, at=at, reason=reason)


def password_reset_required(user: User, reason: str, *, sessions_ended: int, at: datetime) -> AuditFact:
    after = {"sessions_ended": sessions_ended}
    return _user_fact("identity.password.require_reset", user.id, at=at, after=after, reason=reason)


def user_changed(user: User, *, before: State, after: State, at: datetime) -> AuditFact:
    """Account for changed details: which fields, never what they say."""
    return _user_fact("identity.user.update", user.id, at=at, before=before, after=after)


def phone_removed(user: User, code: OneTimeCode, *, before: State, at: datetime) -> AuditFact:
    """Account for a number that another user verified; `code` leads an auditor to them, and the user nowhere."""
    return AuditFact(
        action="identity.user.remove_phone",
        resource_type="user",
        resource_id=str(user.id),
        occurred_at=at,
        before=before,
        after={"version": user.version, "changed": ["phone"]},
        reason="verified_by_another",
        related_ids=(str(code.id),),
    )


def user_read(user_id: UUID) -> ReadOfOthers:
    return ReadOfOthers(action="identity.user.read", resource_id=str(user_id), owners=(user_id,))


def users_searched(which: UserFilter, found: Sequence[UserView], *, reason: str) -> ReadOfOthers:
    """Account for a search: by which of e-mail, telephone and username, never which ones."""
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


def status_changed(action: str, user: User, *, before: str, reason: str, at: datetime) -> AuditFact:
    return _user_fact(
        f"identity.user.{action}",
        user.id,
        at=at,
        before={"status": before},
        after={"status": user.status.value},
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


def _code_fact(action: str, code: OneTimeCode, *, at: datetime) -> AuditFact:
    return AuditFact(
        action=action,
        resource_type="verification",
        resource_id=str(code.id),
        occurred_at=at,
        after={"purpose": code.purpose.value, "tries": code.tries, "sends": code.sends, "used": code.used_at is not None},
        related_ids=(str(code.user_id),),
    )

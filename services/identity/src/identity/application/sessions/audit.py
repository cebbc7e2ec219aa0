"""The audit facts of signing in and of sessions. None holds a secret or plain personal data."""

from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from identity.application.sessions.views import SessionView
from identity.domain.device import Device
from identity.domain.passkey import Passkey
from identity.domain.session import Session
from identity.domain.sign_in_challenge import SignInChallenge
from kernel.audit import AuditFact, State
from kernel.reads import ReadOfOthers


class Refusal(StrEnum):
    """Why a sign-in failed: for the record alone, for the answer is the same."""

    UNKNOWN_ACCOUNT = "unknown_account"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105  # a reason's name
    NOT_ACTIVE = "not_active"
    THROTTLED = "throttled"
    OVER = "over"
    CHANGED_MEANWHILE = "changed_meanwhile"


def signed_in(session: Session, *, replaced: Session | None, new_device: bool) -> AuditFact:
    """Account for a session's start; a session that it replaced has a fact of its own."""
    return AuditFact(
        action="identity.user.sign_in",
        resource_type="session",
        resource_id=str(session.id),
        occurred_at=session.started_at,
        after={**_state(session), "new_device": new_device},
        related_ids=(str(session.user_id), str(session.device_id), *((str(replaced.id),) if replaced else ())),
    )


def sign_in_failed(account: str, *, user_id: str | None, device_id: str, reason: Refusal, at: datetime) -> AuditFact:
    """Account for a refusal; `account` is a keyed digest of the name that was given, the user's id where it has one."""
    return AuditFact(
        action="identity.user.sign_in_failed",
        resource_type="user" if user_id else "account",
        resource_id=user_id or account,
        occurred_at=at,
        after={"account": account},
        reason=reason.value,
        related_ids=(device_id,),
    )


def sign_in_stopped(challenge: SignInChallenge | None, *, digest: bytes, reason: Refusal, at: datetime) -> AuditFact:
    """Account for a sign-in that failed after the password; without a `challenge`, its text was none of ours."""
    return AuditFact(
        action="identity.user.sign_in_failed",
        resource_type="user" if challenge else "sign_in_challenge",
        resource_id=str(challenge.user_id) if challenge else digest.hex()[:32],
        occurred_at=at,
        after={"challenge": str(challenge.id)} if challenge else None,
        reason=reason.value,
        related_ids=(str(challenge.device_id),) if challenge else (),
    )


def passkey_sign_in_failed(passkey: Passkey, *, device_id: str, reason: Refusal, at: datetime) -> AuditFact:
    return AuditFact(
        action="identity.user.sign_in_failed",
        resource_type="user",
        resource_id=str(passkey.user_id),
        occurred_at=at,
        after={"passkey": str(passkey.id)},
        reason=reason.value,
        related_ids=(device_id,),
    )


def recovery_ended(request_id: UUID, user_id: UUID, *, at: datetime) -> AuditFact:
    """Record that a request for recovery ended because a second factor of its account was shown."""
    return AuditFact(
        action="identity.recovery.end",
        resource_type="recovery_request",
        resource_id=str(request_id),
        occurred_at=at,
        before={"open": True},
        after={"open": False},
        reason="second_factor_shown",
        related_ids=(str(user_id),),
    )


def session_refreshed(session: Session, *, before: State, at: datetime) -> AuditFact:
    return _session_fact("identity.session.refresh", session, before=before, at=at)


def refresh_refused(session: Session, *, problem: str, at: datetime) -> AuditFact:
    """Record a genuine refresh token that came without a valid proof of its device's key; the session goes on."""
    return AuditFact(
        action="identity.session.refresh_refused",
        resource_type="session",
        resource_id=str(session.id),
        occurred_at=at,
        reason=f"device_proof_{problem}",
        related_ids=(str(session.user_id), str(session.device_id)),
    )


def session_ended(session: Session, *, before: State, at: datetime) -> AuditFact:
    return _session_fact("identity.session.end", session, before=before, at=at)


def proof_withdrawn(session: Session, *, before: State, at: datetime) -> AuditFact:
    """Record what a session claims since one of its user's factors was removed."""
    return _session_fact("identity.session.withdraw_proof", session, before=before, at=at)


def refresh_reused(session: Session, *, before: State, at: datetime) -> AuditFact:
    """Account for a session that was ended because its refresh token was presented by somebody else, or twice."""
    return _session_fact("identity.session.refresh_reused", session, before=before, at=at)


def device_changed(device: Device, *, before: State, at: datetime) -> AuditFact:
    return _device_fact("identity.device.change", device, before=before, at=at)


def device_revoked(device: Device, *, before: State, at: datetime) -> AuditFact:
    return _device_fact("identity.device.revoke", device, before=before, at=at)


def device_state(device: Device) -> dict[str, object]:
    """Say what may change of a device; a name is the owner's own words, so only which it is, by the digest of the sealed one."""
    name = sha256(device.name.encode()).hexdigest()[:16] if device.name else None
    return {"name_digest": name, "revoked": device.is_revoked}


def session_state(session: Session) -> State:
    return _state(session)


def _device_fact(action: str, device: Device, *, before: State, at: datetime) -> AuditFact:
    return AuditFact(
        action=action,
        resource_type="device",
        resource_id=str(device.device_id),
        occurred_at=at,
        before=before,
        after=device_state(device),
        related_ids=(str(device.user_id),),
    )


def _session_fact(action: str, session: Session, *, before: State, at: datetime) -> AuditFact:
    return AuditFact(
        action=action,
        resource_type="session",
        resource_id=str(session.id),
        occurred_at=at,
        before=before,
        after=_state(session),
        reason=session.end_reason,
        related_ids=(str(session.user_id), str(session.device_id)),
    )


def _state(session: Session) -> dict[str, object]:
    return {
        "live": session.is_live,
        "generation": session.generation,
        "expires_at": session.expires_at.isoformat(),
        "methods": list(session.methods),
    }


def session_read(session: SessionView) -> ReadOfOthers:
    return ReadOfOthers(action="identity.session.read", resource_id=str(session.id), owners=(session.user_id,))


def sessions_listed(owner: UUID, *, shown: int) -> ReadOfOthers:
    return ReadOfOthers(action="identity.session.list", resource_id=str(owner), owners=(owner,), shown=shown)


def devices_listed(owner: UUID, *, shown: int) -> ReadOfOthers:
    return ReadOfOthers(action="identity.device.list", resource_id=str(owner), owners=(owner,), shown=shown)

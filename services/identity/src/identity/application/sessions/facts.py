"""The audit facts of signing in and of sessions. None holds a secret or plain personal data."""

from datetime import datetime

from identity.domain.session import Session
from kernel.audit import AuditFact, State


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


def sign_in_failed(account: str, *, user_id: str | None, device_id: str, at: datetime) -> AuditFact:
    """Account for a refusal; `account` is a keyed digest of the name that was given, the user's id where it has one."""
    return AuditFact(
        action="identity.user.sign_in_failed",
        resource_type="user" if user_id else "account",
        resource_id=user_id or account,
        occurred_at=at,
        after={"account": account},
        related_ids=(device_id,),
    )


def session_refreshed(session: Session, *, before: State, at: datetime) -> AuditFact:
    return _session_fact("identity.session.refresh", session, before=before, at=at)


def session_ended(session: Session, *, before: State, at: datetime) -> AuditFact:
    return _session_fact("identity.session.end", session, before=before, at=at)


def refresh_reused(session: Session, *, before: State, at: datetime) -> AuditFact:
    """Account for a session that was ended because its refresh token was presented by somebody else, or twice."""
    return _session_fact("identity.session.refresh_reused", session, before=before, at=at)


def session_state(session: Session) -> State:
    return _state(session)


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

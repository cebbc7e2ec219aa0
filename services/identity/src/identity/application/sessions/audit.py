"""The audit facts of signing in and of sessions. None holds a secret or plain personal data."""

from datetime import datetime
from typing import Final
from uuid import UUID

from identity.application.sessions.views import SessionView
from identity.domain.session import Session
from identity.domain.sign_in_challenge import SignInChallenge
from identity.domain.sign_in_failure import SignInFailure
from kernel.audit import Audited, AuditFact, State
from kernel.reads import ReadOfOthers


def _state(session: Session) -> State:
    return {
        "live": session.is_live,
        "generation": session.generation,
        "expires_at": session.expires_at.isoformat(),
        "methods": list(session.methods),
    }


def _ids(session: Session) -> tuple[str, ...]:
    return str(session.user_id), str(session.device_id)


SESSION: Final = Audited(
    action="identity.session",
    resource_type="session",
    state=_state,
    id_of=lambda session: session.id,
    related=_ids,
)
# The state that a step-up changes.
PROOF: Final = Audited(
    action="identity.session",
    resource_type="session",
    state=lambda session: {"methods": list(session.methods)},
    id_of=lambda session: session.id,
    related=_ids,
)

# The state that a change of the organization changes.
ORGANIZATION: Final[Audited[Session]] = Audited(
    action="identity.session",
    resource_type="session",
    state=lambda session: {"organization_id": str(session.organization_id) if session.organization_id else None},
    id_of=lambda session: session.id,
    related=lambda session: (*_ids(session), *((str(session.organization_id),) if session.organization_id else ())),
)


def signed_in(session: Session, *, replaced: Session | None, new_device: bool) -> AuditFact:
    """Record the start of a session. A session that it replaces has a fact of its own."""
    return AuditFact(
        action="identity.user.sign_in",
        resource_type="session",
        resource_id=str(session.id),
        occurred_at=session.started_at,
        after={**_state(session), "new_device": new_device},
        related_ids=(str(session.user_id), str(session.device_id), *((str(replaced.id),) if replaced else ())),
    )


def sign_in_failed(account: str, *, user_id: str | None, device_id: str, reason: SignInFailure, at: datetime) -> AuditFact:
    """Record a refused sign-in. `account` is a keyed digest of the given name, `user_id` the user of that name, if any."""
    return AuditFact(
        action="identity.user.sign_in_failed",
        resource_type="user" if user_id else "account",
        resource_id=user_id or account,
        occurred_at=at,
        after={"account": account},
        reason=reason.value,
        related_ids=(device_id,),
    )


def sign_in_stopped(challenge: SignInChallenge | None, *, digest: bytes, reason: SignInFailure, at: datetime) -> AuditFact:
    """Record a sign-in that failed after the password. Without a `challenge`, the challenge's text was unknown."""
    return AuditFact(
        action="identity.user.sign_in_failed",
        resource_type="user" if challenge else "sign_in_challenge",
        resource_id=str(challenge.user_id) if challenge else digest.hex()[:32],
        occurred_at=at,
        after={"challenge": str(challenge.id)} if challenge else None,
        reason=reason.value,
        related_ids=(str(challenge.device_id),) if challenge else (),
    )


def recovery_ended(request_id: UUID, user_id: UUID, *, at: datetime) -> AuditFact:
    """Record that a recovery request ended because the user authenticated with a second factor."""
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


def proof_withdrawn(session: Session, *, before: State, at: datetime) -> AuditFact:
    """Record the proofs of a session after one of its user's factors was removed."""
    return SESSION.fact(session, "withdraw_proof", at=at, before=before, after=SESSION.state(session))


def refresh_refused(session: Session, *, problem: str, at: datetime) -> AuditFact:
    """Record a genuine refresh token without a valid proof of its device's key. The session continues."""
    return AuditFact(
        action="identity.session.refresh_refused",
        resource_type="session",
        resource_id=str(session.id),
        occurred_at=at,
        reason=f"device_proof_{problem}",
        related_ids=(str(session.user_id), str(session.device_id)),
    )


def session_read(session: SessionView) -> ReadOfOthers:
    return ReadOfOthers(action="identity.session.read", resource_id=str(session.id), owners=(session.user_id,))


def sessions_listed(owner: UUID, *, shown: int) -> ReadOfOthers:
    return ReadOfOthers(action="identity.session.list", resource_id=str(owner), owners=(owner,), shown=shown)

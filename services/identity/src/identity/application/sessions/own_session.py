"""The caller's own session, and the organization that it may act for."""

from collections.abc import Set as AbstractSet
from datetime import datetime
from uuid import UUID

from identity.application.ports.unit_of_work import Transaction
from identity.application.sessions import audit
from identity.domain.errors import InvalidRefreshToken
from identity.domain.session import Session
from identity.domain.user import User
from kernel.actor import Actor


async def lock_own_session(tx: Transaction, actor: Actor) -> tuple[User, Session]:
    """Lock the caller and their session; raise InvalidRefreshToken if it has ended."""
    # Lock the user first, as everywhere, so that concurrent attempts are counted in turn.
    user = await tx.users.lock(actor.user_id)
    session = await tx.sessions.lock(actor.session_id) if actor.session_id else None
    if user is None or not user.is_active or session is None or session.user_id != user.id or not session.is_live:
        raise InvalidRefreshToken(session_id=actor.session_id)
    return user, session


def leave_ended_organization(tx: Transaction, session: Session, memberships: AbstractSet[UUID], *, at: datetime) -> None:
    """Let the person act alone from now on if the membership that the session acts for has ended."""
    if session.is_live and session.organization_id and session.organization_id not in memberships:
        with tx.change(audit.ORGANIZATION, session, "leave_organization", at=at, reason="membership_ended"):
            session.act_for(None)

"""How invitations appear in the audit log: without address and code."""

from typing import Final

from governance.domain.invitation import Invitation
from kernel.audit import Audited, State


def _state(invitation: Invitation) -> State:
    return {
        "organization_id": str(invitation.organization_id),
        "roles": list(invitation.roles),
        "expires_at": invitation.expires_at.isoformat(),
        "accepted_by": str(invitation.accepted_by) if invitation.accepted_by else None,
        "withdrawn": invitation.withdrawn_at is not None,
    }


INVITATION: Final = Audited[Invitation](
    action="governance.invitation",
    resource_type="invitation",
    state=_state,
    id_of=lambda invitation: invitation.id,
    related=lambda invitation: (str(invitation.organization_id),),
)

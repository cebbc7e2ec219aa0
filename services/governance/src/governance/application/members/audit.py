"""How memberships appear in the audit log."""

from typing import Final

from governance.domain.membership import Membership
from kernel.audit import Audited, State


def _state(membership: Membership) -> State:
    found: dict[str, object] = {"is_member": membership.ended_at is None}
    if membership.manager_id:
        found["manager_id"] = str(membership.manager_id)
    if membership.platform_manager_id:
        found["platform_manager_id"] = str(membership.platform_manager_id)
    if membership.ends_at:
        found["ends_at"] = membership.ends_at.isoformat()
    return found


# The audit log also lists it under the person.
MEMBERSHIP: Final = Audited[Membership](
    action="governance.membership",
    resource_type="organization",
    state=_state,
    id_of=lambda membership: membership.organization_id,
    related=lambda membership: (str(membership.subject_id),),
)

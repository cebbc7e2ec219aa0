"""How memberships appear in the audit log."""

from typing import Final

from governance.domain.membership import Membership
from kernel.audit import Audited

# The audit log also lists it under the person.
MEMBERSHIP: Final = Audited[Membership](
    action="governance.membership",
    resource_type="organization",
    state=lambda membership: {"is_member": membership.ended_at is None},
    id_of=lambda membership: membership.organization_id,
    related=lambda membership: (str(membership.subject_id),),
)

"""How changes of standing appear in the audit log."""

from dataclasses import replace
from typing import Final
from uuid import UUID

from governance.domain.standing import Standing
from kernel.audit import Audited

STANDING: Final = Audited[Standing](
    action="governance.standing",
    resource_type="subject",
    state=lambda standing: {"able": standing.is_able},
    id_of=lambda standing: standing.subject_id,
)


def standing_changed_by(user_id: UUID) -> Audited[Standing]:
    """Describe a change that a user makes in identity. The audit log also lists it under that user."""
    return replace(STANDING, related=lambda _standing: (str(user_id),))

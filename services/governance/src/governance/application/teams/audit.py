"""How teams appear in the audit log."""

from uuid import UUID

from governance.domain.team import Team
from kernel.audit import Audited, State


def team_with(subject_id: UUID | None = None) -> Audited[Team]:
    """Describe a change of a team. The audit log also lists it under the organization, and under a person who joins or leaves."""
    also = () if subject_id is None else (str(subject_id),)
    return Audited(
        action="governance.team",
        resource_type="team",
        state=_state,
        id_of=lambda team: team.id,
        related=lambda team: (str(team.organization_id), *also),
    )


def _state(team: Team) -> State:
    return {
        "name": team.name,
        "parent_id": str(team.parent_id) if team.parent_id else None,
        "members": len(team.members),
        "removed": team.removed_at is not None,
        "version": team.version,
    }

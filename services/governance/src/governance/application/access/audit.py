"""How reads of people's access appear in the audit log."""

from uuid import UUID

from kernel.reads import ReadOfOthers


def read_of_access(subject_id: UUID, verb: str, **filters: object) -> ReadOfOthers:
    return ReadOfOthers(action=f"governance.access.{verb}", resource_id=str(subject_id), owners=(subject_id,), filters=filters)

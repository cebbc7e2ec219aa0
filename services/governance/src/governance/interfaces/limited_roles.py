"""The message of a role within limits."""

from elcorp.governance.v1 import limited_roles_pb2
from governance.domain.limits import Limits


def limited_role_message(role: str, limits: Limits) -> limited_roles_pb2.LimitedRole:
    message = limited_roles_pb2.LimitedRole(role=role)
    if limits.organization_id:
        message.organization_id = str(limits.organization_id)
    if limits.team_id:
        message.team_id = str(limits.team_id)
    if limits.starts_at:
        message.starts_at.FromDatetime(limits.starts_at)
    if limits.ends_at:
        message.ends_at.FromDatetime(limits.ends_at)
    return message

"""The actor of later work, stored with the file or schedule."""

import json
from typing import Any, Final
from uuid import UUID

from kernel.actor import Actor, ActorKind

# Whose file or schedule it is, in SQL.
PAYER: Final = "coalesce(organization_id, initiator_id)"


def actor_text(actor: Actor) -> str:
    """Write who the actor is and where the request came from.

    Not the roles, which are looked up when the work runs, nor how the user signed in: no later work requires that.
    """
    organization = {"organization_id": str(actor.organization_id)} if actor.organization_id else {}
    return json.dumps(
        {
            "subject_id": actor.subject_id,
            "ip": actor.ip,
            "user_agent": actor.user_agent,
            "request_id": actor.request_id,
            **organization,
        }
    )


def actor_of(found: dict[str, Any]) -> Actor:
    return Actor(
        kind=ActorKind.USER,
        subject_id=found["subject_id"],
        ip=found["ip"],
        user_agent=found["user_agent"],
        request_id=found["request_id"],
        organization_id=UUID(found["organization_id"]) if "organization_id" in found else None,
    )

"""On whose behalf something runs later: the actor of a request, kept with what it asked for."""

import json
from typing import Any

from kernel.actor import Actor, ActorKind


def actor_text(actor: Actor) -> str:
    """Write what of an actor outlives the request. How it signed in does not: nothing that asks for that runs later."""
    return json.dumps(
        {
            "subject_id": actor.subject_id,
            "roles": sorted(actor.roles),
            "ip": actor.ip,
            "user_agent": actor.user_agent,
            "request_id": actor.request_id,
        }
    )


def actor_of(found: dict[str, Any]) -> Actor:
    return Actor(
        kind=ActorKind.USER,
        subject_id=found["subject_id"],
        roles=frozenset(found["roles"]),
        ip=found["ip"],
        user_agent=found["user_agent"],
        request_id=found["request_id"],
    )

"""On whose behalf something runs later: who asked for it, kept with what was asked for."""

import json
from typing import Any

from kernel.actor import Actor, ActorKind


def actor_text(actor: Actor) -> str:
    """Write who it is and from where the request came.

    Never the roles, which are those of the day on which it runs, nor how the user signed in: nothing that asks for that
    runs later.
    """
    return json.dumps(
        {"subject_id": actor.subject_id, "ip": actor.ip, "user_agent": actor.user_agent, "request_id": actor.request_id}
    )


def actor_of(found: dict[str, Any]) -> Actor:
    return Actor(
        kind=ActorKind.USER,
        subject_id=found["subject_id"],
        ip=found["ip"],
        user_agent=found["user_agent"],
        request_id=found["request_id"],
    )

from uuid import UUID

from kernel.actor import Actor
from kernel.errors import InvalidValue


def device_of(actor: Actor) -> UUID:
    """Return the device of the caller's session. Raise InvalidValue for a session without one."""
    if not actor.device_id:
        raise InvalidValue(field="device_id", expected="a session of a device; sign in with a device_id")
    return UUID(actor.device_id)

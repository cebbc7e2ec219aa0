from dataclasses import dataclass
from uuid import UUID

from identity.application.ports.device_keys import Challenge, Challenges
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import InvalidValue


@dataclass(frozen=True, slots=True)
class IssueChallenge:
    """Give the caller's device something to sign, by which it shows that it holds a key's private half.

    Nothing is kept: the challenge is signed by us for this user and device. It needs no memory of having been used
    either, for a key is registered once and for all.
    """

    challenges: Challenges
    clock: Clock

    async def __call__(self, *, actor: Actor) -> Challenge:
        return self.challenges.issue(actor.user_id, device_of(actor), at=self.clock.now())


def device_of(actor: Actor) -> UUID:
    """Return the device of the caller's session; raises InvalidValue for a session without one."""
    if not actor.device_id:
        raise InvalidValue(field="device_id", expected="a session of a device; sign in with a device_id")
    return UUID(actor.device_id)

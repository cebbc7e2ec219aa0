from dataclasses import dataclass

from identity.application.device_keys.session_device import device_of
from identity.application.ports.device_keys import Challenge, Challenges
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class IssueDeviceKeyChallenge:
    """Give the caller's device a challenge to sign, which proves that it holds a key's private half.

    Nothing is stored: the challenge is signed by us for this user and device. Nor need its use be remembered, for a key is
    registered only once.
    """

    challenges: Challenges
    clock: Clock

    async def __call__(self, *, actor: Actor) -> Challenge:
        return self.challenges.issue(actor.user_id, device_of(actor), at=self.clock.now())

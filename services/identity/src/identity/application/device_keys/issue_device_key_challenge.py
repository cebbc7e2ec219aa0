from dataclasses import dataclass

from identity.application.device_keys.session_device import device_of
from identity.application.ports.device_keys import Challenge, Challenges
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class IssueDeviceKeyChallenge:
    """Issue a challenge. The signature of the caller's device over it proves that the device has the private key.

    Nothing is stored: we sign the challenge for this user and device. Its use need not be stored either, because a key can be
    registered only once.
    """

    challenges: Challenges
    clock: Clock

    async def __call__(self, *, actor: Actor) -> Challenge:
        return self.challenges.issue(actor.user_id, device_of(actor), at=self.clock.now())

"""The signing keys of devices."""

from chassis.wiring import wire
from identity.application.device_keys import DeviceKeys
from identity.infrastructure.device_key_challenges import SignedChallenges
from identity.infrastructure.device_signatures import VerifiedSignatures
from identity.wiring.dependencies import Dependencies


def device_keys(given: Dependencies) -> DeviceKeys:
    return wire(
        DeviceKeys,
        uow=given.uow,
        views=given.views.device_keys,
        challenges=SignedChallenges(given.settings.digest()),
        signatures=VerifiedSignatures(),
        clock=given.clock,
    )

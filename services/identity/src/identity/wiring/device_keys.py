"""Keys that devices sign with."""

from identity.application.device_keys import DeviceKeys
from identity.application.device_keys.get_device_key import GetDeviceKey
from identity.application.device_keys.issue_challenge import IssueChallenge
from identity.application.device_keys.register_device_key import RegisterDeviceKey
from identity.application.device_keys.revoke_device_key import RevokeDeviceKey
from identity.infrastructure.device_key_challenges import SignedChallenges
from identity.infrastructure.device_signatures import VerifiedSignatures
from identity.wiring.dependencies import Dependencies


def device_keys(given: Dependencies) -> DeviceKeys:
    challenges = SignedChallenges(given.settings.digest())
    return DeviceKeys(
        issue_challenge=IssueChallenge(challenges=challenges, clock=given.clock),
        register=RegisterDeviceKey(uow=given.uow, challenges=challenges, signatures=VerifiedSignatures(), clock=given.clock),
        revoke=RevokeDeviceKey(uow=given.uow, clock=given.clock),
        get=GetDeviceKey(queries=given.views.device_keys),
    )

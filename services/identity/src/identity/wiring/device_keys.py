"""The signing keys of devices."""

from identity.application.device_keys import DeviceKeys
from identity.application.device_keys.get_device_key import GetDeviceKey
from identity.application.device_keys.issue_device_key_challenge import IssueDeviceKeyChallenge
from identity.application.device_keys.list_device_keys import ListDeviceKeys
from identity.application.device_keys.register_device_key import RegisterDeviceKey
from identity.application.device_keys.revoke_device_key import RevokeDeviceKey
from identity.infrastructure.device_key_challenges import SignedChallenges
from identity.infrastructure.device_signatures import VerifiedSignatures
from identity.wiring.dependencies import Dependencies


def device_keys(given: Dependencies) -> DeviceKeys:
    challenges = SignedChallenges(given.settings.digest())
    return DeviceKeys(
        list_device_keys=ListDeviceKeys(views=given.views.device_keys),
        get_device_key=GetDeviceKey(views=given.views.device_keys),
        issue_device_key_challenge=IssueDeviceKeyChallenge(challenges=challenges, clock=given.clock),
        register_device_key=RegisterDeviceKey(
            uow=given.uow, challenges=challenges, signatures=VerifiedSignatures(), clock=given.clock
        ),
        revoke_device_key=RevokeDeviceKey(uow=given.uow, clock=given.clock),
    )

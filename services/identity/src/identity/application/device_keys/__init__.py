"""Keys that devices sign with: the table of contents."""

from dataclasses import dataclass

from identity.application.device_keys.get_device_key import GetDeviceKey
from identity.application.device_keys.issue_challenge import IssueChallenge
from identity.application.device_keys.register_device_key import RegisterDeviceKey
from identity.application.device_keys.revoke_device_key import RevokeDeviceKey


@dataclass(frozen=True, slots=True)
class DeviceKeys:
    issue_challenge: IssueChallenge
    register: RegisterDeviceKey
    revoke: RevokeDeviceKey
    get: GetDeviceKey

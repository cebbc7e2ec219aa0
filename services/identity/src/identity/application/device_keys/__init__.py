"""Keys that devices sign with: the table of contents."""

from dataclasses import dataclass

from identity.application.device_keys.get_device_key import GetDeviceKey
from identity.application.device_keys.issue_device_key_challenge import IssueDeviceKeyChallenge
from identity.application.device_keys.list_device_keys import ListDeviceKeys
from identity.application.device_keys.register_device_key import RegisterDeviceKey
from identity.application.device_keys.revoke_device_key import RevokeDeviceKey


@dataclass(frozen=True, slots=True)
class DeviceKeys:
    list_device_keys: ListDeviceKeys
    get_device_key: GetDeviceKey
    issue_device_key_challenge: IssueDeviceKeyChallenge
    register_device_key: RegisterDeviceKey
    revoke_device_key: RevokeDeviceKey

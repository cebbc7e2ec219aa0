"""Devices: the table of contents."""

from dataclasses import dataclass

from identity.application.devices.change_device import ChangeDevice
from identity.application.devices.get_device import GetDevice
from identity.application.devices.list_devices import ListDevices
from identity.application.devices.revoke_device import RevokeDevice


@dataclass(frozen=True, slots=True)
class Devices:
    list_devices: ListDevices
    get_device: GetDevice
    change_device: ChangeDevice
    revoke_device: RevokeDevice

"""Devices."""

from identity.application.devices import Devices
from identity.application.devices.change_device import ChangeDevice
from identity.application.devices.get_device import GetDevice
from identity.application.devices.list_devices import ListDevices
from identity.application.devices.revoke_device import RevokeDevice
from identity.wiring.dependencies import Dependencies


def devices(given: Dependencies) -> Devices:
    return Devices(
        list_devices=ListDevices(views=given.views.devices, permissions=given.permissions, reads=given.reads),
        get_device=GetDevice(views=given.views.devices),
        change_device=ChangeDevice(uow=given.uow, views=given.views.devices, clock=given.clock),
        revoke_device=RevokeDevice(uow=given.uow, end_session=given.end_session, clock=given.clock),
    )

"""The caller's devices."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from chassis.rest import Authenticated, CurrentActor, Envelope, PageOf, Paging, Router, envelope, page_of
from identity.interfaces.rest.dependencies import App
from identity.interfaces.rest.schemas.devices import ChangeDeviceRequest, DeviceResponse
from kernel.assurance import NONE, RECENT
from kernel.reads import OTHERS, OWN

devices = Router(prefix="/devices", tags=["devices"])


@devices.get("", dependencies=[Authenticated], reads=OTHERS)
async def list_devices(
    actor: CurrentActor,
    paging: Paging,
    app: App,
    user_id: Annotated[UUID | None, Query(description="Another user's devices, for staff")] = None,
) -> Envelope[PageOf[DeviceResponse]]:
    """List the devices that have signed in, by last sign-in, latest first, including revoked devices."""
    page = await app.devices.list_devices(actor=actor, page=paging, user_id=user_id)
    return page_of(page, lambda view: DeviceResponse.of(view, current_id=actor.device_id))


@devices.get("/{device_id}", dependencies=[Authenticated], reads=OWN)
async def get_device(device_id: UUID, actor: CurrentActor, app: App) -> Envelope[DeviceResponse]:
    """Get one of the caller's devices."""
    view = await app.devices.get_device(actor=actor, device_id=device_id)
    return envelope(DeviceResponse.of(view, current_id=actor.device_id))


@devices.patch("/{device_id}", dependencies=[Authenticated], idempotency=False, assurance=NONE)
async def change_device(device_id: UUID, body: ChangeDeviceRequest, actor: CurrentActor, app: App) -> Envelope[DeviceResponse]:
    """Rename a device."""
    given = frozenset(body.model_fields_set)
    view = await app.devices.change_device(actor=actor, device_id=device_id, given=given, name=body.name)
    return envelope(DeviceResponse.of(view, current_id=actor.device_id))


# This revokes the signing key and makes the device unknown, and long-known devices are trusted as the owner's (ADR 0025).
@devices.delete("/{device_id}", status_code=204, dependencies=[Authenticated], idempotency=False, assurance=RECENT)
async def revoke_device(device_id: UUID, actor: CurrentActor, app: App) -> None:
    """Revoke a device: its session ends, its signing key is revoked, and it is unknown at its next sign-in.

    To sign out a device without a recent sign-in, revoke its session.
    """
    await app.devices.revoke_device(actor=actor, device_id=device_id)

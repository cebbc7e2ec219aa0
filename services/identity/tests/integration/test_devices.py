"""Devices in PostgreSQL."""

from datetime import timedelta
from uuid import uuid4

from chassis.testing.clocks import ControlledClock
from kernel.pages import PageRequest
from services.identity.tests.integration.storage import (
    HERE,
    Storage,
    enrol_user,
    fact,
    start_session,
)


async def test_a_later_sign_in_updates_the_device(storage: Storage, clock: ControlledClock) -> None:
    enrolled, device_id = await enrol_user(storage, clock), uuid4()
    await start_session(storage, clock, enrolled.user_id, device_id)
    clock.advance(seconds=5)
    async with storage.uow.begin(HERE) as tx:
        device = await tx.devices.find(enrolled.user_id, device_id)
        device.record_sign_in(at=clock.now())
        tx.record(fact(clock))
    async with storage.uow.begin(HERE) as tx:
        device = await tx.devices.find(enrolled.user_id, device_id)
        assert device.last_seen_at - device.first_seen_at == timedelta(seconds=5)


async def test_a_changed_device_is_read_back_complete(storage: Storage, clock: ControlledClock) -> None:
    user_id, device_id = (await enrol_user(storage, clock)).user_id, uuid4()
    session = await start_session(storage, clock, user_id, device_id)
    met = clock.now()
    clock.advance(seconds=5)
    async with storage.uow.begin(HERE) as tx:
        device = await tx.devices.find(user_id, device_id)
        device.rename("Telephone")
        tx.record(fact(clock))
    view = await storage.views.devices.device(user_id, device_id)
    assert view
    assert (view.name, view.known_since, view.session_id) == ("Telephone", met, session.id)
    assert (await storage.views.devices.devices_of(user_id, PageRequest())).items == [view]
    async with storage.uow.begin(HERE) as tx:
        device = await tx.devices.find(user_id, device_id)
        assert device.revoke(at=clock.now())
        assert not device.revoke(at=clock.now())
        tx.record(fact(clock))
    view = await storage.views.devices.device(user_id, device_id)
    assert view
    assert view.revoked_at == clock.now()
    assert await storage.views.devices.device(uuid4(), device_id) is None
    assert (await storage.views.devices.devices_of(uuid4(), PageRequest())).total == 0


async def test_device_names_are_stored_sealed(storage: Storage, clock: ControlledClock) -> None:
    user_id, device_id = (await enrol_user(storage, clock)).user_id, uuid4()
    async with storage.uow.begin(HERE) as tx:
        sealed = await tx.names.seal(user_id, device_id, "Ndapewa's telephone")
        assert "Ndapewa" not in sealed
        assert await tx.names.open(user_id, device_id, sealed) == "Ndapewa's telephone"

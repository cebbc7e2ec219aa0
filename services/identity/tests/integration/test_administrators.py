"""Creating administrators, and reading users."""

from uuid import uuid4

import pytest

from chassis.testing.clocks import ControlledClock
from chassis.testing.policies import permitting
from elcorp.identity.v1.events_pb2 import UserRegistered
from identity.domain.errors import (
    WeakPassword,
)
from kernel.errors import AccessDenied, NotFound
from kernel.pages import PageRequest
from services.identity.tests.integration.registry import Registry, RegistryOf, user_actor


async def test_the_first_administrator_is_created_once(registry: Registry) -> None:
    create = registry.identity.users.create_administrator
    made = [await create(email="admin@elcorp.na", password=None, only_first=True) for _ in range(3)]
    assert made[0]
    assert made[0].generated_password
    assert made[1:] == [None, None]
    assert made[0].generated_password not in repr(made[0])
    await registry.sign_in(email="admin@elcorp.na", password=made[0].generated_password)
    assert [event.initial_role for event in await registry.events(UserRegistered)] == ["admin"]
    another = await create(email="second@elcorp.na", password="Kunene-River-2026!", only_first=False)
    assert another
    assert another.generated_password is None


async def test_a_weak_administrator_password_is_refused(registry: Registry) -> None:
    with pytest.raises(WeakPassword):
        await registry.identity.users.create_administrator(email="admin@elcorp.na", password="admin", only_first=True)


async def test_users_read_only_themselves_and_staff_read_everyone(registry_of: RegistryOf, clock: ControlledClock) -> None:
    registry = registry_of(policies=permitting({"reader": ["user:read_any"], "user": ["user:read"]}, clock))
    enrolled = await registry.register()
    get, list_all = registry.identity.users.get_user, registry.identity.users.list_users
    assert (await get(actor=user_actor(enrolled.user_id, "user"), user_id=enrolled.user_id)).full_name == "Ndapewa Shikongo"
    assert (await list_all(actor=user_actor(uuid4(), "reader"), page=PageRequest(), reason="complaint 4711")).total == 1
    with pytest.raises(NotFound):
        await get(actor=user_actor(uuid4(), "user"), user_id=enrolled.user_id)
    with pytest.raises(AccessDenied):
        await list_all(actor=user_actor(uuid4(), "user"), page=PageRequest(), reason="complaint 4711")

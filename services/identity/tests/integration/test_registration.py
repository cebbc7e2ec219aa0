"""Registering."""

from typing import Any

import pytest

from elcorp.identity.v1.events_pb2 import UserRegistered
from identity.domain.errors import (
    InvalidCode,
    InvalidName,
    TermsNotAgreed,
    WeakPassword,
)
from kernel.errors import DomainError
from services.identity.tests.integration.registry import Registry
from services.identity.tests.people import PASSWORD


async def test_registration_announces_the_user_with_a_wallet_address(registry: Registry) -> None:
    enrolled = await registry.register()
    assert await registry.event_types() == ["identity.user.registered"]
    (event,) = await registry.events(UserRegistered)
    assert (event.user_id, event.wallet_address, event.initial_role) == (
        str(enrolled.user_id),
        str(enrolled.wallet_address),
        "user",
    )
    assert await registry.actions() == ["identity.registration.request", "identity.user.register", "identity.verification.accept"]
    fact = (await registry.facts())[1]
    assert (fact.action, fact.resource_id, fact.actor.ip) == ("identity.user.register", str(enrolled.user_id), "198.51.100.7")
    assert str(enrolled.wallet_address) in fact.related_ids
    assert not [secret for secret in ("Ndapewa", "example.na", "81123", PASSWORD) if secret in repr(await registry.facts())]


@pytest.mark.clause("ASVS 6.2.10")
async def test_a_password_does_not_expire(registry: Registry) -> None:
    await registry.register()
    registry.clock.advance(seconds=5 * 365 * 24 * 3600)

    assert await registry.sign_in()


async def test_an_email_belongs_to_one_user_and_an_unverified_number_to_none(registry: Registry) -> None:
    await registry.register()
    with pytest.raises(InvalidCode):
        await registry.register(phone="+264811234568")
    assert await registry.users() == 1
    await registry.register(email="other@example.na")
    assert await registry.users() == 2


@pytest.mark.parametrize(
    ("changes", "error", "field_name"),
    [
        ({"agreed_terms": False}, TermsNotAgreed, "agreed_terms"),
        ({"password": "Ndapewa-Rocks-47!"}, WeakPassword, "password"),
        ({"full_name": " x "}, InvalidName, "full_name"),
        ({"full_name": "Nda\u202epewa"}, InvalidName, "full_name"),
        ({"organization": "  "}, InvalidName, "organization"),
    ],
)
async def test_a_refused_registration_writes_nothing(
    registry: Registry,
    changes: Any,
    error: type[DomainError],
    field_name: str,
) -> None:
    with pytest.raises(error) as refused:
        await registry.register(**changes)
    assert refused.value.field == field_name
    assert await registry.actions() == []

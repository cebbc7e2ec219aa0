"""Responses stored for idempotent repeats are not encrypted, so none may hold a secret or personal data."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from chassis.rest.route import Route
from identity.interfaces.rest import ROUTERS

_SECRET = {"access_token", "refresh_token", "device_token", "challenge", "secret", "uri", "backup_codes"}
_PERSONAL = {"full_name", "email", "phone", "organization", "label", "name", "username", "profile", "decision_reason"}
KEPT = [route for router in ROUTERS for route in router.routes if isinstance(route, Route) and route.idempotency is True]


def fields_of(model: Any) -> Iterator[str]:
    """Name every field of a model and of its nested models."""
    for part in get_args(model):
        yield from fields_of(part)
    if isinstance(model, type) and issubclass(model, BaseModel):
        for name, field in model.model_fields.items():
            yield name
            yield from fields_of(field.annotation)


def test_only_operations_that_must_not_run_twice_store_their_response() -> None:
    assert {route.operation_id for route in KEPT} == {
        "register_user",
        "change_email",
        "change_phone",
        "create_user",
        "require_password_reset",
        "issue_wallet_address",
        "register_device_key",
        "revoke_device_key",
    }


@pytest.mark.parametrize("route", KEPT, ids=lambda route: str(route.operation_id))
def test_a_stored_response_has_no_secret_or_personal_data(route: Route) -> None:
    assert (_SECRET | _PERSONAL).isdisjoint(fields_of(route.response_model))


def test_nested_fields_are_found_at_any_depth() -> None:
    sign_in = next(route for router in ROUTERS for route in router.routes if getattr(route, "operation_id", "") == "sign_in")
    assert isinstance(sign_in, Route)
    assert {"access_token", "challenge"} <= set(fields_of(sign_in.response_model))
    assert sign_in.idempotency is False

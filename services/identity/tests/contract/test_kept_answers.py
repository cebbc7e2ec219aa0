"""Answers that are kept for repeats lie in the database as they were given: none of them holds a secret or a person's data."""

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
    """Name every field of a model, and of the models in it."""
    for part in get_args(model):
        yield from fields_of(part)
    if isinstance(model, type) and issubclass(model, BaseModel):
        for name, field in model.model_fields.items():
            yield name
            yield from fields_of(field.annotation)


def test_answers_are_kept_of_what_a_repeat_would_do_twice() -> None:
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
def test_kept_answer_holds_nothing_secret_or_personal(route: Route) -> None:
    assert (_SECRET | _PERSONAL).isdisjoint(fields_of(route.response_model))


def test_fields_are_found_however_deep() -> None:
    sign_in = next(route for router in ROUTERS for route in router.routes if getattr(route, "operation_id", "") == "sign_in")
    assert isinstance(sign_in, Route)
    assert {"access_token", "challenge"} <= set(fields_of(sign_in.response_model))
    assert sign_in.idempotency is False

"""The services' routes compared with the gateway's table, and the document made from them."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from chassis.rest.route import UNSAFE, Route
from deploy.ci.openapi import describe
from gateway.openapi_merge import Merged, merge
from gateway.routes import API_PREFIX, ROUTES, SERVICES

COMMITTED = Path(__file__).parents[2] / "docs" / "openapi.json"
METHODS = {"get", "put", "post", "delete", "patch"}


@pytest.fixture(scope="module")
def merged() -> Merged:
    return merge({service: describe(service) for service in SERVICES}, ROUTES)


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for item in document["paths"].values() for method, operation in item.items() if method in METHODS]


def test_every_path_of_every_service_is_routed_to_it_and_no_operation_is_claimed_twice(merged: Merged) -> None:
    assert merged.problems == []
    assert "x-missing-services" not in merged.document


@pytest.mark.parametrize("service", SERVICES)
def test_services_and_gateway_agree_on_what_moves_money(service: str) -> None:
    routes = [route for router in import_module(f"{service}.interfaces.rest").ROUTERS for route in router.routes]
    of_the_api = [route for route in routes if isinstance(route, Route) and route.path.startswith(API_PREFIX)]
    for route in of_the_api:
        gateway = ROUTES.find(route.path.removeprefix(API_PREFIX).split("/")[1])
        assert gateway is not None
        assert route.moves_money is (gateway.strict and not UNSAFE.isdisjoint(route.methods or ())), route.operation_id
    assert any(route.moves_money for route in of_the_api) is (service == "payments")


def test_every_service_has_its_paths(merged: Merged) -> None:
    paths = merged.document["paths"]
    for service, path in zip(SERVICES, ("/auth/login", "/transfers", "/roles", "/audit/key"), strict=True):
        assert f"/api/v1{path}" in paths, service


def test_operation_ids_fit_client_generation(merged: Merged) -> None:
    ids = [operation["operationId"] for operation in operations(merged.document)]
    assert len(ids) == len(set(ids))
    assert all(name.isidentifier() for name in ids)


def test_schemas_have_names_of_the_api_which_are_their_titles(merged: Merged) -> None:
    schemas = merged.document["components"]["schemas"]
    # No module path, and no brackets of a generic model.
    assert [name for name in schemas if not name.isalnum()] == []
    assert {name: schema["title"] for name, schema in schemas.items()} == {name: name for name in schemas}


@pytest.mark.parametrize("service", SERVICES)
def test_a_schema_has_one_name_whichever_services_answer(merged: Merged, service: str) -> None:
    own = describe(service)["components"]["schemas"]
    assert own.items() <= merged.document["components"]["schemas"].items()


def test_defaults_are_no_shorter_than_their_schemas_ask(merged: Merged) -> None:
    def too_short(value: object) -> bool:
        if isinstance(value, list):
            return any(map(too_short, value))
        if not isinstance(value, dict):
            return False
        default = value.get("default")
        return (isinstance(default, str) and len(default) < value.get("minLength", 0)) or any(map(too_short, value.values()))

    for part in (merged.document["components"]["schemas"], merged.document["paths"]):
        assert [name for name, value in part.items() if too_short(value)] == []


def test_every_reference_has_a_target(merged: Merged) -> None:
    text = json.dumps(merged.document)
    references = {part.partition('"')[0] for part in text.split('"$ref": "#/components/schemas/')[1:]}
    assert references <= merged.document["components"]["schemas"].keys()


def test_the_committed_document_is_current(merged: Merged) -> None:
    assert json.loads(COMMITTED.read_text()) == merged.document, "run make openapi and commit"

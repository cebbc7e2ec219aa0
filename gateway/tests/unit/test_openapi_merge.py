from gateway.openapi_merge import Document, merge
from gateway.routes import ROUTES


def document(
    path: str, *, operation: str = "read", schemas: Document | None = None, tag: str = "things", reference: str = "Thing"
) -> Document:
    response = {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{reference}"}}}}
    return {
        "openapi": "3.1.0",
        "paths": {
            path: {"get": {"operationId": operation, "tags": [tag], "responses": {"200": response}}},
            "/healthz": {"get": {"operationId": "healthz"}},
        },
        "components": {
            "schemas": schemas or {"Thing": {"type": "object"}},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def test_the_paths_of_all_services_are_in_one_document() -> None:
    merged = merge({"identity": document("/api/v1/users"), "payments": document("/api/v1/wallets", operation="list")}, ROUTES)
    assert merged.problems == []
    assert list(merged.document["paths"]) == ["/api/v1/users", "/api/v1/wallets"]
    assert list(merged.document["components"]["schemas"]) == ["Thing"]
    assert merged.document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert "x-missing-services" not in merged.document


def test_the_document_contains_what_services_say_of_the_api_and_nothing_internal() -> None:
    first, second = document("/api/v1/users"), document("/api/v1/wallets", operation="list", tag="wallets")
    first["paths"]["/api/v1/users"]["parameters"] = [{"name": "x", "in": "query"}]
    first["paths"]["/api/v1/users"]["post"] = {"operationId": "make", "tags": ["things", "people"]}
    second["components"]["responses"] = {"Gone": {"description": "gone"}}
    merged = merge({"payments": second, "identity": first}, ROUTES)
    assert merged.problems == []
    assert merged.document.pop("info")["title"] == "Elcorp Namibia"
    assert merged.document == {
        "openapi": "3.1.0",
        "servers": [{"url": "/"}],
        "tags": [{"name": "things"}, {"name": "people"}, {"name": "wallets"}],
        "paths": {"/api/v1/users": first["paths"]["/api/v1/users"], "/api/v1/wallets": second["paths"]["/api/v1/wallets"]},
        "components": {
            "schemas": {"Thing": {"type": "object"}},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "responses": {"Gone": {"description": "gone"}},
        },
    }


def test_missing_services_are_listed() -> None:
    merged = merge({"identity": document("/api/v1/users")}, ROUTES, missing={"payments", "compliance"})
    assert merged.document["x-missing-services"] == ["compliance", "payments"]


def test_a_path_that_is_not_routed_to_its_service_is_a_problem() -> None:
    merged = merge({"identity": document("/api/v1/wallets"), "payments": document("/api/v1/nowhere", operation="b")}, ROUTES)
    assert merged.problems == [
        "identity: /api/v1/wallets is not routed to it",
        "payments: /api/v1/nowhere is not routed to it",
    ]
    assert merged.document["paths"] == {}


def test_a_duplicate_operation_id_is_a_problem_and_made_unique() -> None:
    merged = merge({"identity": document("/api/v1/users"), "payments": document("/api/v1/wallets")}, ROUTES)
    assert merged.problems == ["payments: operationId read is also used by another service"]
    assert merged.document["paths"]["/api/v1/wallets"]["get"]["operationId"] == "payments_read"


def test_different_schemas_with_one_name_are_problems_and_kept_apart_with_their_references() -> None:
    first = document("/api/v1/users", schemas={"Thing": {"type": "object"}, "Same": {"type": "null"}})
    page = {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}
    second = document(
        "/api/v1/wallets",
        operation="list",
        reference="Page",
        schemas={"Thing": {"type": "string"}, "Page": page, "Same": {"type": "null"}},
    )
    merged = merge({"identity": first, "payments": second}, ROUTES)
    assert merged.problems == ["payments: schema Thing differs from another service's"]
    schemas = merged.document["components"]["schemas"]
    assert schemas["Thing"] == {"type": "object"}
    assert schemas["PaymentsThing"] == {"type": "string"}
    assert schemas["Page"]["items"] == {"$ref": "#/components/schemas/PaymentsThing"}
    assert sorted(schemas) == ["Page", "PaymentsThing", "Same", "Thing"]

"""The check that a client generated from our document lacks nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from deploy.ci.generated_client import losses

THING = {"type": "object", "title": "Thing", "properties": {"name": {"type": "string"}}, "required": ["name"]}


def document(answer: dict[str, Any], *, body: str = "application/json", schemas: dict[str, Any] | None = None) -> dict[str, Any]:
    operation = {
        "operationId": "make_thing",
        "tags": ["things"],
        "requestBody": {"content": {body: {"schema": {"$ref": "#/components/schemas/Thing"}}}},
        "responses": {"200": {"description": "made", "content": {"application/json": {"schema": answer}}}},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1"},
        "paths": {"/things": {"post": operation}},
        "components": {"schemas": {"Thing": THING, **(schemas or {})}},
    }


def lost(tmp_path: Path, content: dict[str, Any]) -> list[str]:
    file = tmp_path / "document.json"
    file.write_text(json.dumps(content))
    return list(losses(file, tmp_path))


def test_a_whole_document_loses_nothing(tmp_path: Path) -> None:
    assert lost(tmp_path, document({"$ref": "#/components/schemas/Thing"})) == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (document({"$ref": "#/components/schemas/Thing"}, body="application/toml"), "Unsupported content type application/toml"),
        (document({"$ref": "#/components/schemas/Thing"}, schemas={"Other": {**THING, "title": "Thing"}}), "duplicate model"),
        (document({"$ref": "#/components/schemas/Missing"}), "has no type for its answer 200"),
    ],
    ids=["a body that it cannot send", "two schemas of one title", "a reference that leads nowhere"],
)
def test_what_a_client_would_lack_is_reported(tmp_path: Path, content: dict[str, Any], problem: str) -> None:
    assert problem in "\n".join(lost(tmp_path, content))

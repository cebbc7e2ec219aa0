"""The names of schemas, from which clients generate their classes."""

from typing import Any

import pytest

from chassis.rest import Envelope, ResponseModel
from chassis.rest.paging import CursorPageOf, PageOf
from chassis.rest.schema_names import name_by_title


class ThingResponse(ResponseModel):
    name: str


class PartBody(ResponseModel):
    name: str


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (Envelope[ThingResponse], "ThingEnvelope"),
        (Envelope[PartBody], "PartEnvelope"),
        (Envelope[PageOf[ThingResponse]], "ThingPageEnvelope"),
        (Envelope[CursorPageOf[ThingResponse]], "ThingCursorPageEnvelope"),
        (Envelope[list[ThingResponse]], "ThingListEnvelope"),
        (Envelope[ThingResponse | PartBody], "ThingOrPartEnvelope"),
        (Envelope[dict[str, int]], "StrIntDictEnvelope"),
    ],
)
def test_a_generic_model_is_named_by_its_content(model: type[Envelope[Any]], name: str) -> None:
    assert model.model_json_schema()["title"] == name


def document(**titles: str) -> dict[str, Any]:
    reference = {"schema": {"$ref": "#/components/schemas/Envelope_Thing_"}}
    schemas = {name: {"title": title, "properties": {"$ref": {"type": "string"}}} for name, title in titles.items()}
    return {"paths": {"/things": [reference]}, "components": {"schemas": schemas}}


def test_schemas_and_their_references_are_named_by_title() -> None:
    named = document(Envelope_Thing_="ThingEnvelope", Thing="Thing")
    name_by_title(named)
    assert list(named["components"]["schemas"]) == ["ThingEnvelope", "Thing"]
    assert named["paths"] == {"/things": [{"schema": {"$ref": "#/components/schemas/ThingEnvelope"}}]}


def test_two_schemas_with_one_title_are_refused() -> None:
    with pytest.raises(ValueError, match="named Thing: rename"):
        name_by_title(document(identity__Thing="Thing", payments__Thing="Thing", Other="Other"))

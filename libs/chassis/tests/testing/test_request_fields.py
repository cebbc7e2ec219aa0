from datetime import date, datetime
from typing import Annotated, Any

import pytest
from fastapi import Depends, Path, Query
from pydantic import Field

from chassis.rest import ONE_LINE, REASON, VERBATIM, Day, Moment, Public, RequestModel, Router
from chassis.rest.idempotency import _KEY_PATTERN
from chassis.testing.request_fields import is_ascii_only, loose_fields
from kernel.assurance import NONE
from kernel.reads import NOBODY


class Part(RequestModel):
    strict: Annotated[str, ONE_LINE]
    name: str
    parts: "list[Part]" = Field(default_factory=list)


class Body(RequestModel):
    name: Annotated[str | None, Field(max_length=5), ONE_LINE] = None
    reason: Annotated[str, REASON]
    credential: Annotated[dict[str, Any], VERBATIM]
    code: Annotated[str, Field(pattern=r"^[a-z]{1,20}$")]
    at: Moment | None = None
    day: Day
    number: int
    loose_text: str | None = None
    loose_texts: Annotated[list[Annotated[str, Field(max_length=5)]], Field(max_length=2)]
    loose_list: Annotated[list[str], ONE_LINE]
    loose_names: dict[str, Annotated[str, ONE_LINE]]
    loose_values: Annotated[dict[Annotated[str, ONE_LINE], str], ONE_LINE]
    loose_pattern: Annotated[str, Field(pattern=r"^[^a]+$")]
    loose_at: datetime
    loose_day: date | None = None
    loose_any: Any = None
    part: Part


async def _word(loose: Annotated[str, Query(max_length=4)], strict: Annotated[str, Query(), ONE_LINE]) -> str:
    return loose + strict


def test_each_field_without_a_strict_type_is_named() -> None:
    router = Router("/things", tags=["things"], assurance=NONE, reads=NOBODY)

    @router.post("/{name}/{other}", dependencies=[Public])
    async def make(
        name: str,
        other: Annotated[str, Path(), ONE_LINE],
        body: Body,
        word: Annotated[str, Depends(_word)],
        since: datetime | None = None,
    ) -> None: ...

    assert loose_fields(router.routes) == sorted(
        f"POST /api/v1/things/{{name}}/{{other}} {what}"
        for what in (
            "path.name: str",
            "query.loose: str",
            "query.since: datetime",
            "body.body.loose_any: any",
            "body.body.loose_at: datetime",
            "body.body.loose_day: date",
            "body.body.loose_list: str",
            "body.body.loose_names names: str",
            "body.body.loose_pattern: str",
            "body.body.loose_text: str",
            "body.body.loose_texts: str",
            "body.body.loose_values values: str",
            "body.body.part.name: str",
        )
    )


@pytest.mark.parametrize(
    "pattern",
    [r"^[A-Z]{3}$", r"^-?[0-9]{1,20}(\.[0-9]{1,20})?$", r"^[A-Za-z0-9_.~=-]+$", r"^[a-z][a-z0-9_]{0,30}:[a-z]+$", _KEY_PATTERN],
)
def test_a_pattern_of_ascii_only_is_a_strict_type(pattern: str) -> None:
    assert is_ascii_only(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"[A-Z]{3}",
        r"^[A-Z]{3}",
        r"^[^a]$",
        r"^.+$",
        r"^\w+$",
        r"^\S+$",
        r"^[\w]+$",
        r"^[a-é]+$",
        "^\x01$",
        r"^\x01$",
        r"^\x9f$",
        r"^a|.$",
    ],
)
def test_a_pattern_that_allows_more_is_not_a_strict_type(pattern: str) -> None:
    assert not is_ascii_only(pattern)

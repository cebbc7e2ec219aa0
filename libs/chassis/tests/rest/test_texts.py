"""The types of texts and times, on the fast path and on FastAPI's own."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated

import httpx
import pytest
from fastapi import BackgroundTasks, FastAPI, Path, Query
from pydantic import Field

from chassis.rest import (
    AS_SENT,
    ONE_LINE,
    ONE_LINE_REASON,
    REASON,
    SEVERAL_LINES,
    VERBATIM,
    Day,
    Envelope,
    Moment,
    Public,
    RequestModel,
    Router,
    envelope,
)
from chassis.rest.route import Route
from chassis.rpc.status import RemoteError
from kernel.assurance import NONE
from kernel.errors import DomainError, InvalidValue, Kind
from kernel.reads import NOBODY

NFC, NFD = "José", "Jose\u0301"


class Note(RequestModel):
    name: Annotated[str, Field(max_length=4), ONE_LINE] = ""
    remark: Annotated[str, SEVERAL_LINES] = ""
    reason: Annotated[str | None, Field(min_length=3), REASON] = None
    cause: Annotated[str | None, Field(min_length=3), ONE_LINE_REASON] = None
    password: Annotated[str, VERBATIM] = ""
    username: Annotated[str, AS_SENT] = ""
    at: Moment | None = None
    day: Day | None = None
    labels: dict[Annotated[str, ONE_LINE], Annotated[str, ONE_LINE]] = Field(default_factory=dict)


class Told(RequestModel):
    note: Note | None = None
    word: str | None = None
    at: datetime | None = None
    day: date | None = None


Word = Annotated[str | None, Query(max_length=4), ONE_LINE]


def notes() -> Router:
    router = Router("/notes", tags=["notes"], idempotent=False, assurance=NONE, reads=NOBODY)

    @router.post("/short", dependencies=[Public])
    async def short(note: Note) -> Envelope[Told]:
        return envelope(Told(note=note))

    @router.post("/long", dependencies=[Public])
    async def long(note: Note, tasks: BackgroundTasks) -> Envelope[Told]:
        return envelope(Told(note=note))

    @router.get("/short", dependencies=[Public])
    async def find_short(word: Word = None, at: Moment | None = None, day: Day | None = None) -> Envelope[Told]:
        return envelope(Told(word=word, at=at, day=day))

    @router.get("/long", dependencies=[Public])
    async def find_long(
        tasks: BackgroundTasks, word: Word = None, at: Moment | None = None, day: Day | None = None
    ) -> Envelope[Told]:
        return envelope(Told(word=word, at=at, day=day))

    @router.get("/short/{name}", dependencies=[Public])
    async def get_short(name: Annotated[str, Path(max_length=4), ONE_LINE]) -> Envelope[Told]:
        return envelope(Told(word=name))

    @router.get("/long/{name}", dependencies=[Public])
    async def get_long(name: Annotated[str, Path(max_length=4), ONE_LINE], tasks: BackgroundTasks) -> Envelope[Told]:
        return envelope(Told(word=name))

    @router.delete("/refusals/{number}", dependencies=[Public])
    async def refuse(number: int) -> Envelope[Told]:
        raise REFUSALS[number]

    return router


class TooMuch(DomainError):
    """The amount exceeds what is left."""

    kind = Kind.REFUSED
    code = "PAY_030"
    disclosed = ("left", "at", "known", "missing", "count", "tags")


REFUSALS: tuple[DomainError, ...] = (
    TooMuch(
        left="1.00", secret="x", at=datetime.fromisoformat("2026-03-21T10:00:00+02:00"), known=["a"], count=3, tags={"z", "b"}
    ),
    InvalidValue(field="until", expected="a time after since", given="a" * 50 + "\u202e"),
    InvalidValue(field="until", expected="a time after since"),
    InvalidValue(),
    RemoteError(
        peer="payments", kind=Kind.REFUSED, code="PAY_030", message="No.", facts={"left": "1.00"}, details={"left": "1.00"}
    ),
)
WAYS = ["short", "long"]


@pytest.fixture
async def client(make_app: Callable[..., FastAPI], client_of: Callable[[FastAPI], httpx.AsyncClient]) -> httpx.AsyncClient:
    return client_of(make_app(notes()))


async def post(client: httpx.AsyncClient, way: str, body: dict[str, object]) -> httpx.Response:
    return await client.post(f"/api/v1/notes/{way}", json=body)


def wrong(response: httpx.Response) -> tuple[int, str, str, str]:
    [error] = response.json()["errors"]
    return response.status_code, response.json()["code"], error["field"], error["message"]


def test_each_route_uses_the_path_of_its_name() -> None:
    assert {route.name: route.has_fast_path for route in notes().routes if isinstance(route, Route)} == {
        "short": True,
        "long": False,
        "find_short": True,
        "find_long": False,
        "get_short": True,
        "get_long": False,
        "refuse": True,
    }


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("field", ["name", "remark", "reason", "cause", "username"])
@pytest.mark.parametrize("character", ["\x01", "\x1b", "\x7f", "\x85", "\u202e", "\u2066"], ids=ascii)
async def test_a_hidden_character_is_refused_by_its_name(client: httpx.AsyncClient, way: str, field: str, character: str) -> None:
    answer = wrong(await post(client, way, {field: f"ab{character}c"}))
    assert answer == (422, "VAL_001", field, f"The character U+{ord(character):04X} is not allowed here.")


@pytest.mark.parametrize("way", WAYS)
async def test_line_feeds_are_kept_in_texts_of_several_lines(client: httpx.AsyncClient, way: str) -> None:
    kept = await post(client, way, {"remark": "a\n\tb", "reason": " a\n\tb ", "password": " a\n\tb\u202e"})
    assert (
        kept.json()["data"]["note"] | {"remark": "a\n\tb", "reason": "a\n\tb", "password": " a\n\tb\u202e"}
        == (kept.json()["data"]["note"])
    )
    assert wrong(await post(client, way, {"name": "a\nb"}))[2:] == ("name", "The character U+000A is not allowed here.")
    assert wrong(await post(client, way, {"cause": "a\nb c"}))[2:] == ("cause", "The character U+000A is not allowed here.")


@pytest.mark.parametrize("way", WAYS)
async def test_texts_are_stored_in_nfc_and_secrets_as_sent(client: httpx.AsyncClient, way: str) -> None:
    # Four characters in NFC, five as sent: limits apply to the stored length.
    sent: dict[str, object] = {"name": NFD, "remark": NFD, "reason": NFD, "cause": NFD, "labels": {NFD: NFD}}
    as_sent: dict[str, object] = {"password": NFD, "username": NFD + "\N{KELVIN SIGN}"}
    note = (await post(client, way, sent | as_sent)).json()["data"]["note"]
    assert note | {"name": NFC, "remark": NFC, "reason": NFC, "cause": NFC, "labels": {NFC: NFC}} | as_sent == note


@pytest.mark.parametrize("way", WAYS)
async def test_a_text_that_grows_in_nfc_is_measured_after_normalisation(client: httpx.AsyncClient, way: str) -> None:
    assert wrong(await post(client, way, {"name": "\ufb2c" * 4}))[:3] == (422, "VAL_001", "name")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("field", ["reason", "cause"])
async def test_a_blank_reason_is_refused(client: httpx.AsyncClient, way: str, field: str) -> None:
    assert wrong(await post(client, way, {field: " \u00a0\u200c "})) == (
        422,
        "VAL_001",
        field,
        "The reason must not be blank.",
    )
    assert wrong(await post(client, way, {field: "   ab  "}))[:3] == (422, "VAL_001", field)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "value",
    [1, 1.5, True, 1_800_000_000, "1800000000", "2026-03-21", "2026-03-21T08:00:00", "2026-03-21 08:00:00Z", "2026-03-21T08:00Z"],
)
async def test_a_time_must_be_rfc_3339(client: httpx.AsyncClient, way: str, value: object) -> None:
    assert wrong(await post(client, way, {"at": value}))[:3] == (422, "VAL_001", "at")
    assert wrong(await client.get(f"/api/v1/notes/{way}", params={"at": str(value)}))[:3] == (422, "VAL_001", "at")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("value", [1, 20260321, "20260321", "1800000000", "2026-3-21", "2026-03-21T00:00:00Z", "2026-02-30"])
async def test_a_day_must_be_year_month_and_day(client: httpx.AsyncClient, way: str, value: object) -> None:
    assert wrong(await post(client, way, {"day": value}))[:3] == (422, "VAL_001", "day")
    assert wrong(await client.get(f"/api/v1/notes/{way}", params={"day": str(value)}))[:3] == (422, "VAL_001", "day")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-03-21T08:00:00Z", "2026-03-21T08:00:00Z"),
        ("2026-03-21t10:00:00.5+02:00", "2026-03-21T08:00:00.500000Z"),
        ("2026-03-21T08:00:00.123456789z", "2026-03-21T08:00:00.123456Z"),
    ],
)
async def test_times_are_read_in_utc(client: httpx.AsyncClient, way: str, text: str, read: str) -> None:
    assert (await post(client, way, {"at": text, "day": "2026-03-21"})).json()["data"]["note"]["at"] == read
    found = (await client.get(f"/api/v1/notes/{way}", params={"at": text, "day": "2026-03-21"})).json()["data"]
    assert (found["at"], found["day"]) == (read, "2026-03-21")


@pytest.mark.parametrize("way", WAYS)
async def test_texts_of_the_query_and_the_path_have_types_too(client: httpx.AsyncClient, way: str) -> None:
    assert (await client.get(f"/api/v1/notes/{way}", params={"word": NFD})).json()["data"]["word"] == NFC
    assert (await client.get(f"/api/v1/notes/{way}/{NFD}")).json()["data"]["word"] == NFC
    for path in (f"/api/v1/notes/{way}?word=a%E2%80%AE", f"/api/v1/notes/{way}/a%E2%80%AE"):
        assert wrong(await client.get(path))[3] == "The character U+202E is not allowed here."
    for path, field in ((f"/api/v1/notes/{way}?word=a%00", "word"), (f"/api/v1/notes/{way}/a%00", "name")):
        assert wrong(await client.get(path)) == (422, "VAL_001", field, "NUL characters are not allowed")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"name": "a", "name": "a"}', "name"),
        (b'{"name": "a", "\\u006eame": "b"}', "name"),
        (b'{"labels": {"a": "1", "a": "2"}}', "labels.a"),
        (b'{"x": [{"y": 1}, {"y": 1, "y": 2}]}', "x.1.y"),
        (b'{"x": {"y": 1, "y": 2}, "x": 3}', "x"),
    ],
)
async def test_a_duplicate_member_is_refused(client: httpx.AsyncClient, way: str, body: bytes, field: str) -> None:
    response = await client.post(f"/api/v1/notes/{way}", content=body, headers={"Content-Type": "application/json"})
    assert wrong(response) == (422, "VAL_001", field, "The member is given twice.")


@pytest.mark.parametrize("depth", [300, 700, 900, 960, 990, 1020])
@pytest.mark.parametrize("innermost", [b"", b'{"a": 1, "a": 2}', b'"\\u0000"'])
async def test_deep_json_is_refused_without_a_defect(client: httpx.AsyncClient, depth: int, innermost: bytes) -> None:
    body = b'{"name": ' + b"[" * depth + innermost + b"]" * depth + b"}"
    response = await client.post("/api/v1/notes/short", content=body, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["code"]) == (422, "VAL_001")


async def test_a_number_with_many_digits_is_refused_without_a_defect(client: httpx.AsyncClient) -> None:
    body = b'{"name": ' + b"1" * 9000 + b"}"
    response = await client.post("/api/v1/notes/short", content=body, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["code"]) == (422, "VAL_001")


@pytest.mark.parametrize(("method", "path"), [("POST", "short"), ("POST", "long"), ("DELETE", "refusals/0")])
@pytest.mark.parametrize("keys", [("a", "b"), ("a", "a")])
async def test_two_idempotency_keys_are_refused(client: httpx.AsyncClient, method: str, path: str, keys: tuple[str, str]) -> None:
    headers = [("Idempotency-Key", keys[0]), ("idempotency-key", keys[1])]
    response = await client.request(method, f"/api/v1/notes/{path}", headers=headers, json={} if method == "POST" else None)
    assert wrong(response) == (422, "VAL_001", "Idempotency-Key", "Send only one Idempotency-Key.")


async def test_a_refusal_contains_the_facts_declared_safe(client: httpx.AsyncClient) -> None:
    refusal = (await client.delete("/api/v1/notes/refusals/0")).json()
    assert set(refusal) == {"status", "error", "code", "details", "request_id", "timestamp"}
    assert refusal["details"] == {"left": "1.00", "at": "2026-03-21T08:00:00Z", "known": ["a"], "count": 3, "tags": ["b", "z"]}


@pytest.mark.parametrize(
    ("number", "message", "details"),
    [
        (1, f"Expected a time after since, not '{'a' * 40}…'.", {"expected": "a time after since"}),
        (2, "Expected a time after since.", {"expected": "a time after since"}),
    ],
)
async def test_an_invalid_value_is_reported_with_the_reason(
    client: httpx.AsyncClient, number: int, message: str, details: dict[str, str]
) -> None:
    response = await client.delete(f"/api/v1/notes/refusals/{number}")
    assert wrong(response) == (422, "VAL_001", "until", message)
    assert response.json()["details"] == details


async def test_a_refusal_without_facts_has_no_details(client: httpx.AsyncClient) -> None:
    assert set((await client.delete("/api/v1/notes/refusals/3")).json()) == {
        "status",
        "code",
        "errors",
        "request_id",
        "timestamp",
    }


async def test_safe_details_of_a_peers_error_are_returned(client: httpx.AsyncClient) -> None:
    refusal = (await client.delete("/api/v1/notes/refusals/4")).json()
    assert (refusal["code"], refusal["error"], refusal["details"]) == ("PAY_030", "No.", {"left": "1.00"})

"""An API of things, and its failures."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from pydantic import Field

from chassis.persistence.idempotency_scope import RequestInProgress
from chassis.rest import (
    AmountText,
    CurrentActor,
    Envelope,
    Public,
    RequestModel,
    Requires,
    Router,
    envelope,
)
from kernel.assurance import NONE
from kernel.errors import (
    AccessDenied,
    AlreadyExists,
    DomainError,
    InvalidValue,
    Kind,
    NotFound,
    StaleVersion,
    Unavailable,
)
from kernel.ids import new_id
from kernel.money import Money
from kernel.reads import NOBODY

router = Router("/things", tags=["things"], assurance=NONE, reads=NOBODY)


class Colour(StrEnum):
    RED = "red"


class Part(RequestModel):
    label: Annotated[str, Field(max_length=5)]


class ThingRequest(RequestModel):
    name: Annotated[str, Field(max_length=10)]
    owner_id: UUID
    amount: AmountText = "1.00"
    count: Annotated[int, Field(ge=0, le=10)] = 0
    heavy: bool = False
    colour: Colour = Colour.RED
    parts: tuple[Part, ...] = ()
    note: str = ""


def application(request: Request) -> object:
    return request.app.state.application


@router.post("", status_code=201, dependencies=[Requires("payment:create")])
async def make_thing(
    body: ThingRequest, actor: CurrentActor, app: Annotated[object, Depends(application)]
) -> Envelope[dict[str, str]]:
    assert app is not None
    Money.of(body.amount, "NAD")
    return envelope({"name": body.name, "by": actor.subject_id})


@router.get("/{thing_id}", dependencies=[Public])
async def get_thing(thing_id: str, actor: CurrentActor, size: Annotated[int, Field(ge=1)] = 1) -> Envelope[dict[str, str]]:
    if thing_id in FAILURES:
        raise FAILURES[thing_id]
    return envelope({"id": thing_id, "size": str(size), "ip": actor.ip, "agent": actor.user_agent})


@router.post("/many", dependencies=[Public], body_bytes_max=20_000)
async def make_many(body: Part) -> Envelope[str]:
    return envelope(body.label)


@router.post("/few", dependencies=[Public])
async def make_few(body: Part) -> Envelope[str]:
    return envelope(body.label)


@router.put("/{thing_id}", dependencies=[Public])
async def put_thing(thing_id: str) -> Envelope[str]:
    return envelope(thing_id)


class TooOften(DomainError):
    """Too often."""

    kind = Kind.EXHAUSTED
    code = "RATE_001"


class TooOftenForAMinute(TooOften):
    """Too often for a minute."""

    retry_after_seconds = 60


FAILURES: dict[str, Exception] = {
    "missing": NotFound(thing="missing"),
    "twice": AlreadyExists(),
    "stale": StaleVersion(),
    "away": Unavailable(retry_after_seconds=7, host="db-7.internal"),
    "refused": ConnectionRefusedError("connect to 10.1.2.3:5432"),
    "broken": RuntimeError("SELECT secret FROM users"),
    "often": TooOften(),
    "often for a minute": TooOftenForAMinute(),
    "denied": AccessDenied(),
    "invalid": InvalidValue(),
    "in progress": RequestInProgress(),
}


GOOD = {"name": "door", "owner_id": str(new_id())}

"""Nothing starts that reads and does not say whose data it shows."""

from collections.abc import Callable

import pytest
from fastapi import FastAPI

from chassis.rest import Authenticated, Envelope, ReadReason, Router, envelope
from chassis.rest.app import UndeclaredReads
from kernel.assurance import NONE
from kernel.reads import OTHERS, OWN, SEARCH


def test_an_operation_that_reads_without_saying_whose_data_does_not_start(make_app: Callable[..., FastAPI]) -> None:
    careless = Router("/careless", dependencies=[Authenticated], assurance=NONE)

    @careless.get("")
    async def forgotten() -> Envelope[str]:
        return envelope("oh")

    with pytest.raises(UndeclaredReads, match="forgotten"):
        make_app(careless)


def test_a_search_over_people_that_takes_no_reason_does_not_start(make_app: Callable[..., FastAPI]) -> None:
    curious, sound = Router("/people", dependencies=[Authenticated]), Router("/people", dependencies=[Authenticated])

    @curious.get("", reads=SEARCH)
    async def look_around() -> Envelope[str]:
        return envelope("everybody")

    @sound.get("", reads=SEARCH)
    async def look_up(reason: ReadReason) -> Envelope[str]:
        return envelope(reason)

    with pytest.raises(UndeclaredReads, match="look_around"):
        make_app(curious)
    make_app(sound)


def test_a_router_s_reads_are_of_its_operations_that_change_nothing() -> None:
    people = Router("/people", dependencies=[Authenticated], assurance=NONE, reads=OWN)

    @people.get("")
    async def inherits() -> Envelope[str]:
        return envelope("mine")

    @people.get("/others", reads=OTHERS)
    async def reads_others() -> Envelope[str]:
        return envelope("theirs")

    @people.post("")
    async def changes() -> Envelope[str]:
        return envelope("changed")

    assert [route.reads for route in people.routes] == [OWN, OTHERS, None]  # type: ignore[attr-defined]  # all are ours

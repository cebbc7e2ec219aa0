"""An app with a read that does not state whose data it shows does not start."""

from collections.abc import Callable

import pytest
from fastapi import FastAPI

from chassis.rest import Authenticated, Envelope, ReadReason, Router, envelope
from chassis.rest.app import UndeclaredReads
from kernel.assurance import NONE
from kernel.reads import OTHERS, OWN, SEARCH


def test_a_read_that_does_not_state_whose_data_it_shows_does_not_start(make_app: Callable[..., FastAPI]) -> None:
    careless = Router("/careless", dependencies=[Authenticated], assurance=NONE)

    @careless.get("")
    async def forgotten() -> Envelope[str]:
        return envelope("oh")

    with pytest.raises(UndeclaredReads, match="forgotten"):
        make_app(careless)


def test_a_search_over_people_without_a_reason_does_not_start(make_app: Callable[..., FastAPI]) -> None:
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


def test_a_routers_reads_apply_to_operations_that_change_nothing() -> None:
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

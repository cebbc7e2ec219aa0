"""Two administrators, across identity and governance: whatever they do to each other, one can still manage roles."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from journey import Api, Journey, Person

from chassis.testing.running import eventually

REASON: dict[str, Any] = {"reason": "e2e test"}


@pytest.fixture
async def other(api: Api, admin: Person) -> AsyncIterator[Person]:
    """Return a second administrator, whose role is revoked afterwards, so that other tests find only one."""
    journey, other = Journey(api, admin, print), Person("Other")
    await journey.register(other)
    await api.data("POST", "/role-assignments", by=admin, expect=201, subject_id=other.user_id, role="admin", **REASON)
    await journey.sign_in(other)
    yield other
    await revoked(api, admin, other)


async def suspend(api: Api, by: Person, whom: Person) -> str:
    """Return the code of the refusal, or "" if there is none."""
    answer = await api.call("POST", f"/users/{whom.user_id}/suspend", by=by, expect=None, **REASON)
    return str(answer.get("code", ""))


async def revoke(api: Api, by: Person, whom: Person) -> str:
    answer = await api.call("DELETE", f"/role-assignments/{whom.user_id}/admin", by=by, expect=None)
    return str(answer.get("code", ""))


async def revoked(api: Api, by: Person, whom: Person) -> None:
    """Revoke as soon as governance has received the event that there are two administrators again."""

    async def refusal() -> str:
        return await revoke(api, by, whom)

    await eventually(refusal, "")


async def activate(api: Api, by: Person, whom: Person) -> None:
    await api.call("POST", f"/users/{whom.user_id}/activate", by=by, **REASON)
    await Journey(api, whom, print).sign_in(whom)


async def test_the_administrator_who_suspended_the_other_stays(api: Api, admin: Person, other: Person) -> None:
    assert await suspend(api, other, admin) == ""
    try:
        assert await revoke(api, other, other) == "GOV_002"
    finally:
        await activate(api, other, admin)
    await revoked(api, other, other)


async def test_of_two_administrators_who_suspend_each_other_at_once_one_stays(api: Api, admin: Person, other: Person) -> None:
    outcomes = await asyncio.gather(suspend(api, admin, other), suspend(api, other, admin))
    # AUTH_003 if the first session ended before the second request was authenticated.
    assert sorted(outcomes) in (["", "GOV_002"], ["", "AUTH_003"])
    (by, whom) = (admin, other) if outcomes[0] == "" else (other, admin)
    await activate(api, by, whom)

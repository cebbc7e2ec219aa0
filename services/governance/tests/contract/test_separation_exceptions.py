"""Exceptions from separations of duties over REST: asked by one, approved by another, ended with what they permitted."""

from typing import Any
from uuid import UUID

import pytest

from chassis.testing.clocks import ControlledClock
from services.governance.tests.contract.access_api import ask_exception, create_role, done, grant, set_separation
from services.governance.tests.contract.api import Api
from services.governance.tests.stored import rows

END = "2026-06-30T22:00:00Z"
PATH = "/access/separation-exceptions"


@pytest.fixture
async def officer(api: Api) -> dict[str, str]:
    """Create separated duties, and a second administrator. Return the headers of the latter's requests."""
    await create_role(api, "clerk", "audit:view")
    await create_role(api, "approver", "payment:approve")
    await set_separation(api)
    subject = api.subject()
    await grant(api, subject, "admin")
    return api.forge.headers(subject, roles=("admin",))


async def approve(api: Api, officer: dict[str, str], exception: Any) -> Any:
    path = f"/access/separation-exceptions/{exception['id']}/approve"
    return await done(await api.call("POST", path, roles=None, headers=officer, json={"reason": "agreed"}))


async def permitted(api: Api, officer: dict[str, str], subject: UUID) -> tuple[Any, Any]:
    """Grant both duties by an approved exception. Return it and the assignment that it permits."""
    await grant(api, subject, "clerk")
    exception = await ask_exception(api, "view-and-approve", subject)
    await approve(api, officer, exception)
    return exception, await grant(api, subject, "approver", ends_at=END)


async def test_an_exception_is_asked_approved_and_listed(api: Api, officer: dict[str, str]) -> None:
    subject = api.subject()
    asked = await ask_exception(api, "view-and-approve", subject)
    assert (asked["asked_by"], asked["approved_by"], asked["ended_at"]) == (str(api.admin_id), None, None)
    approved = await approve(api, officer, asked)
    assert (approved["approved_by"] is not None, approved["approved_at"]) == (True, "2026-03-21T08:00:00Z")
    assert await approve(api, officer, asked) == approved
    found = await api.data(PATH, separation="view-and-approve", subject_id=str(subject), reason="audit 2026")
    assert (found["items"], found["total"]) == ([approved], 1)


async def test_nobody_approves_their_own_or_for_themselves(api: Api, officer: dict[str, str]) -> None:
    own = await ask_exception(api, "view-and-approve", api.subject())
    assert await api.refused("POST", f"/access/separation-exceptions/{own['id']}/approve", json={}) == (403, "ACC_002")
    api.subjects.active.add(api.admin_id)
    body = {"separation": "view-and-approve", "subject_id": str(api.admin_id), "expires_at": END, "reason": "leave"}
    for_admin = await done(await api.call("POST", PATH, roles=None, headers=officer, json=body))
    assert await api.refused("POST", f"/access/separation-exceptions/{for_admin['id']}/approve", json={}) == (403, "ACC_002")


async def test_an_exception_that_ended_or_expired_is_not_approved(
    api: Api, officer: dict[str, str], clock: ControlledClock
) -> None:
    ended, late = [await ask_exception(api, "view-and-approve", api.subject()) for _ in range(2)]
    await done(await api.call("POST", f"/access/separation-exceptions/{ended['id']}/end", json={"reason": "rejected"}))
    clock.advance(days=120)
    await api.refresher.refresh()
    for exception in (ended, late):
        path = f"/access/separation-exceptions/{exception['id']}/approve"
        fresh = api.forge.headers(UUID(int=7), roles=("admin",))
        assert await api.refused("POST", path, roles=None, headers=fresh, json={}) == (409, "GOV_008")


async def test_an_exception_that_is_not_in_force_permits_nothing(
    api: Api, officer: dict[str, str], clock: ControlledClock
) -> None:
    subject = api.subject()
    exception, granted = await permitted(api, officer, subject)
    await done(await api.call("DELETE", f"/role-assignments/{subject}/approver"))
    clock.advance(days=120)
    await api.refresher.refresh()
    body = {"subject_id": str(subject), "role": "approver", "ends_at": "2027-01-01T00:00:00Z"}
    assert await api.refused("POST", "/role-assignments", json=body) == (409, "GOV_007")
    assert exception["expires_at"] == granted["ends_at"] == END


async def test_ending_an_exception_revokes_what_it_permitted(api: Api, officer: dict[str, str]) -> None:
    subject = api.subject()
    exception, _ = await permitted(api, officer, subject)
    path = f"/access/separation-exceptions/{exception['id']}/end"
    ended = await done(await api.call("POST", path, json={"reason": "the colleague is back"}))
    assert (ended["ended_by"], ended["ended_at"]) == (str(api.admin_id), "2026-03-21T08:00:00Z")
    assert [each["role"] for each in (await api.data(f"/role-assignments/{subject}"))["assignments"]] == ["clerk"]
    assert await done(await api.call("POST", path, json={"reason": "again"})) == ended
    assert await rows(api.database, "SELECT FROM duty_conflicts") == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"separation": "unknown"}, 404),
        ({"subject_id": "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10"}, 404),
        ({"expires_at": "2026-03-21T08:00:00Z"}, 422),
        ({"reason": "no"}, 422),
    ],
)
async def test_a_malformed_request_is_refused(api: Api, officer: dict[str, str], body: dict[str, str], status: int) -> None:
    asked = {"separation": "view-and-approve", "subject_id": str(api.subject()), "expires_at": END, "reason": "leave"}
    assert (await api.refused("POST", PATH, json={**asked, **body}))[0] == status
    assert officer


async def test_only_who_has_authority_over_the_person_ends_an_exception(api: Api, officer: dict[str, str]) -> None:
    subject, weak = api.subject(), api.subject()
    exception, _ = await permitted(api, officer, subject)
    await create_role(api, "managers", "role:manage")
    await grant(api, weak, "managers")
    await api.refresher.refresh()
    headers = api.forge.headers(weak, roles=("managers",))
    path = f"/access/separation-exceptions/{exception['id']}/end"
    refused = await api.refused("POST", path, roles=None, headers=headers, json={"reason": "out of spite"})
    assert refused == (403, "ACC_003")

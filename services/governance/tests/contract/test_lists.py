"""What governance's lists hold: every field of each member, in which order, and page by page."""

from typing import Any
from uuid import UUID

from chassis.testing.clocks import ControlledClock
from kernel.ids import new_id
from services.governance.tests.contract.api import Api


async def listed(api: Api, path: str, **params: Any) -> Any:
    return (await api.call("GET", path, params=params)).json()["data"]


async def granted(api: Api, clock: ControlledClock, subject: UUID, role: str, reason: str | None = None) -> dict[str, Any]:
    """Grant a role, and return the assignment as it should read wherever it is read; a minute passes."""
    body = {"subject_id": str(subject), "role": role}
    answer = await api.call("POST", "/role-assignments", json={**body, "reason": reason} if reason else body)
    at = f"{clock.now():%Y-%m-%dT%H:%M:%SZ}"
    assignment = {**body, "granted_by": str(api.admin_id), "granted_at": at, "reason": reason}
    assert answer.json()["data"] == assignment
    clock.advance(seconds=60)
    return assignment


async def test_assignments_newest_first(api: Api, clock: ControlledClock) -> None:
    first, second = api.subject(), api.subject()
    user = await granted(api, clock, first, "user", "joined the desk")
    staff = await granted(api, clock, second, "staff", "joined the payments desk")
    guest = await granted(api, clock, first, "guest")
    again = await granted(api, clock, second, "user")
    own = (await listed(api, f"/role-assignments/{api.admin_id}"))["assignments"]
    lists: list[tuple[dict[str, Any], list[dict[str, Any]], int]] = [
        ({"page": 1, "per_page": 3}, [again, guest, staff], 5),
        ({"page": 2, "per_page": 3}, [user, *own], 5),
        ({"page": 3, "per_page": 3}, [], 5),
        ({"role": "user"}, [again, user], 2),
        ({"subject_id": str(first)}, [guest, user], 2),
        ({"subject_id": str(first), "role": "user"}, [user], 1),
        ({"subject_id": str(first), "role": "staff"}, [], 0),
    ]
    for params, items, total in lists:
        page = {"page": params.get("page", 1), "per_page": params.get("per_page", 20)}
        found = await listed(api, "/role-assignments", **params, reason="complaint 4711")
        assert found == {"items": items, **page, "total": total}, params


async def test_a_subjects_assignments_by_role(api: Api, clock: ControlledClock) -> None:
    subject = api.subject()
    given = [await granted(api, clock, subject, role, f"as {role}") for role in ("user", "staff", "guest")]
    answer = await listed(api, f"/role-assignments/{subject}")
    assert answer == {"subject_id": str(subject), "roles": ["guest", "staff", "user"], "assignments": given[::-1]}


async def test_bundles_newest_first(api: Api, clock: ControlledClock) -> None:
    first = await listed(api, "/policies/current")
    for version, permissions in ((1, ["user:read"]), (2, [])):
        clock.advance(seconds=60)
        await api.call("PUT", "/roles/guest/permissions", json={"permissions": permissions}, headers={"If-Match": f'"{version}"'})
    current = await listed(api, "/policies/current")
    told = {name: value for name, value in current.items() if name not in {"policies", "cedar_schema"}}
    newest, middle = (await listed(api, "/policies", per_page=2))["items"]
    by = {"published_by": str(api.admin_id)}
    assert newest == told == {**told, **by, "version": 3, "published_at": f"{clock.now():%Y-%m-%dT%H:%M:%SZ}"}
    assert (middle["version"], middle["published_by"]) == (2, str(api.admin_id))
    # The roles are as they were before, and so is what they compile to; the bundle is another.
    assert (newest["digest"], newest["id"] == first["id"]) == (first["digest"], False)
    oldest = {name: value for name, value in first.items() if name in told}
    assert await listed(api, "/policies", page=2, per_page=2) == {"items": [oldest], "page": 2, "per_page": 2, "total": 3}


async def test_approval_rules_in_force_by_name(api: Api) -> None:
    terms: dict[str, dict[str, Any]] = {
        "c-large": {"currency": "NAD", "threshold": "50000.00", "kinds": ["payment", "transfer"], "window": "24h"},
        "a-strange": {"currency": "USD", "threshold": "0.00", "counterparty": str(new_id()), "description": "Known to nobody"},
        "b-gone": {"currency": "NAD", "threshold": "1.00", "role": "user", "window": "1h"},
    }
    usual: dict[str, Any] = {"kinds": [], "role": None, "counterparty": None, "window": None, "description": ""}
    rules = {name: {**usual, **each, "name": name, "version": 1, "is_withdrawn": False} for name, each in terms.items()}
    for name, each in terms.items():
        made = await api.call("PUT", f"/policies/approval-rules/{name}", json={**each, "reason": "resolution 12"})
        assert (made.json()["data"], made.headers["etag"]) == (rules[name], '"1"')
    await api.call("DELETE", "/policies/approval-rules/b-gone", params={"reason": "the desk is closed"})
    rules["b-gone"] |= {"version": 2, "is_withdrawn": True}
    for number, names in enumerate((["a-strange"], ["c-large"], []), start=1):
        page = await listed(api, "/policies/approval-rules", page=number, per_page=1)
        assert page == {"items": [rules[name] for name in names], "page": number, "per_page": 1, "total": 2}
    for name, rule in rules.items():
        read = await api.call("GET", f"/policies/approval-rules/{name}")
        assert (read.json()["data"], read.headers["etag"]) == (rule, f'"{rule["version"]}"')

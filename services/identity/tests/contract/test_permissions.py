"""The permission that each route requires: refused with all others, admitted with that one alone."""

import re
from typing import Any, Final

import pytest

from chassis.policies import Policies
from chassis.rest.route import Route
from chassis.testing.clocks import ControlledClock
from chassis.testing.policies import bundle_of, permitting
from identity.interfaces.rest import ROUTERS
from services.identity.tests.conftest import OVER_OTHERS, OVER_USERS
from services.identity.tests.contract.api import Api
from services.identity.tests.contract.people import signed_in_as
from services.identity.tests.fakes import Fakes

ID: Final = "0198a1f0-1c1e-7b43-9d0c-3f2a5f1f7a10"
REASON: Final = {"reason": "Because I may"}
PERMISSIONS: Final = (*OVER_USERS, *OVER_OTHERS)
DETAILS: Final = {"full_name": "Selma Nangolo", "organization": None, "username": None}
# Method, path, body, required permission, and the status for a caller who has it and a target that does not exist.
ROUTES: Final[list[tuple[str, str, Any, str, int]]] = [
    ("GET", "/users?reason=complaint+4711", None, "user:read_any", 200),
    ("POST", "/users", {"full_name": "Selma Nangolo", "email": "selma@example.na"}, "user:create", 201),
    ("PUT", f"/users/{ID}", DETAILS, "user:update_any", 404),
    ("PATCH", f"/users/{ID}", {"username": "selma"}, "user:update_any", 404),
    ("DELETE", f"/users/{ID}?reason=Because%20I%20may", None, "user:delete", 404),
    ("POST", f"/users/{ID}/restore", REASON, "user:delete", 404),
    ("POST", f"/users/{ID}/suspend", REASON, "user:update", 404),
    ("POST", f"/users/{ID}/activate", REASON, "user:update", 404),
    ("POST", f"/users/{ID}/unlock", REASON, "user:update_any", 404),
    ("POST", f"/users/{ID}/password-reset", REASON, "user:update", 404),
    ("GET", "/auth/recovery?reason=complaint+4711", None, "user:update", 200),
    # Holders of the permission also need two factors.
    ("POST", f"/auth/recovery/{ID}/decision", {"approve": True, **REASON}, "user:update", 401),
]


@pytest.fixture
def policies(clock: ControlledClock) -> Policies:
    """Roles named after their permissions: one permission alone, or all but one."""
    alone = {f"only:{name}".replace(":", "-"): [name] for name in PERMISSIONS}
    others = {f"without:{name}".replace(":", "-"): [each for each in PERMISSIONS if each != name] for name in PERMISSIONS}
    return permitting({**alone, **others}, clock)


@pytest.mark.parametrize(("method", "path", "body", "permission", "status"), ROUTES)
async def test_a_route_requires_exactly_this_permission(
    api: Api, fakes: Fakes, method: str, path: str, body: Any, permission: str, status: int
) -> None:
    answers = []
    for number, kind in enumerate(("without", "only")):
        fakes.roles.roles = (f"{kind}:{permission}".replace(":", "-"),)
        token = await api.signed_in(email=f"{kind}@example.na", phone=f"+26481123456{number}")
        headers = {"Authorization": f"Bearer {token}"}
        answer = await api.client.request(method, f"/api/v1{path}", json=body, headers=headers)
        answers.append((answer.status_code, answer.json().get("code") if kind == "without" else None))
    assert answers == [(403, "ACC_001"), (status, None)]


# Decided in the use case, because the own data needs no permission. Without it, other users do not exist.
OF_OTHERS: Final[list[tuple[str, str, Any, str, int]]] = [
    ("GET", "/users/{user}", None, "user:read_any", 200),
    ("GET", "/users/{user}/profile", None, "user:read_any", 200),
    ("GET", "/sessions?user_id={user}", None, "user:read_any", 200),
    ("GET", "/sessions/{session}", None, "user:read_any", 200),
    ("GET", "/devices?user_id={user}", None, "user:read_any", 200),
    ("DELETE", "/sessions/{session}", None, "user:update_any", 204),
    ("POST", "/users/{user}/data-export?reason=complaint+4711", None, "user:export_any", 200),
    ("POST", "/users/{user}/erasure", {}, "user:erase_any", 202),
]


@pytest.mark.parametrize("named", ["admin", "staff", "auditor"])
@pytest.mark.parametrize(("method", "path", "body", "permission", "status"), OF_OTHERS)
async def test_other_users_are_read_by_permission_whatever_the_role_is_called(
    api: Api,
    fakes: Fakes,
    policies: Policies,
    method: str,
    path: str,
    body: Any,
    permission: str,
    status: int,
    named: str,
) -> None:
    user = await signed_in_as(api, fakes, "user")
    session = (await api.get("/sessions", token=user)).json()["data"]["items"][0]
    path = path.format(user=session["user_id"], session=session["id"])
    reader = await signed_in_as(api, fakes, named)
    answers = []
    for granted in ([each for each in PERMISSIONS if each != permission], [permission]):
        policies.load(bundle_of({named: granted}, version=policies.version + 1))
        answer = await api.client.request(method, f"/api/v1{path}", json=body, headers={"Authorization": f"Bearer {reader}"})
        answers.append(answer.status_code)
    assert answers == [404, status]


# For callers without a session, or whose session has ended.
PUBLIC: Final = {
    "POST /auth/register",
    "POST /auth/verify-email",
    "POST /auth/verify-email/resend",
    "POST /auth/verify-phone",
    "POST /auth/verify-phone/resend",
    "POST /auth/login",
    "POST /auth/refresh",
    "POST /auth/login/verify",
    "POST /auth/login/totp",
    "POST /auth/login/totp/confirm",
    "POST /auth/passkeys/options",
    "POST /auth/passkeys/login",
    "POST /auth/password-reset",
    "POST /auth/password-reset/confirm",
    "POST /auth/recovery",
    "POST /auth/recovery/confirm",
    "POST /auth/email-change/undo",
    "GET /erasures/receipt-keys",
    "GET /erasures/{erasure_id}",
}


async def test_only_these_routes_are_served_without_a_token(api: Api) -> None:
    served = set()
    for route in [each for router in ROUTERS for each in router.routes if isinstance(each, Route)]:
        path = route.path.removeprefix("/api/v1")
        for method in route.methods or ():
            at = re.sub(r"\{[^}]+\}", ID, path)
            answer = await api.client.request(method, f"/api/v1{at}", json=None if method == "GET" else {})
            if (answer.status_code, answer.json().get("code")) != (401, "AUTH_004"):
                served.add(f"{method} {path}")
    assert served == PUBLIC

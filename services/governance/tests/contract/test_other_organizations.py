"""An administrator of one organization asks for everything of another one: it does not exist for them."""

from typing import Any, Final

import pytest

from chassis.rest.route import Route
from governance.interfaces.rest import ROUTERS
from kernel.ids import new_id
from services.governance.tests.contract.api import Api
from services.governance.tests.contract.organizations_api import WHY, Person, add_member, founded, person

CONCERNED: Final = [
    route
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, Route) and ("{organization_id}" in route.path or "{team_id}" in route.path)
]
CURRENT: Final = {"If-Match": '"1"'}
# Operations of the platform, which nobody has for one organization.
OF_THE_PLATFORM: Final = {"suspend_organization", "activate_organization", "close_organization", "add_member"}
BODIES: Final[dict[str, Any]] = {
    "change_organization": {"contact_email": "thief@example.na"},
    "suspend_organization": {"reason": WHY},
    "activate_organization": {"reason": WHY},
    "close_organization": {"reason": WHY},
    "add_member": {"subject_id": str(new_id()), "roles": [], "reason": WHY},
    "change_member": {"manager_id": None, "ends_at": None},
    "set_member_roles": {"roles": ["organization-admin"], "reason": WHY},
    "invite_member": {"email": "ndapewa@example.na", "expires_at": "2026-03-28T08:00:00Z"},
    "withdraw_invitation": {"reason": WHY},
    "create_team": {"name": "Ours"},
    "rename_team": {"name": "Ours"},
}
WITHOUT_BODY: Final = {"remove_member", "remove_team", "add_team_member", "drop_team_member"}


@pytest.fixture
async def stranger(api: Api) -> Person:
    """Create the administrator of another organization."""
    organization, _ = await founded(api)
    stranger = person(api)
    await add_member(api, organization, stranger.id, "organization-admin")
    await api.refresher.refresh()
    assert (await stranger.call("GET", f"/organizations/{organization}/invitations")).status_code == 200
    return stranger


def test_every_change_has_a_body_here() -> None:
    changes = {str(route.operation_id) for route in CONCERNED if route.methods != {"GET"}}
    assert changes == BODIES.keys() | WITHOUT_BODY


@pytest.mark.parametrize("acts_for", ["the person alone", "that organization", "another organization"])
async def test_nothing_of_another_organization_exists(api: Api, stranger: Person, acts_for: str) -> None:
    member = person(api)
    organization, team = await founded(api, member.id)
    [invitation] = (await api.data(f"/organizations/{organization}/invitations"))["items"]
    own = {"the person alone": None, "that organization": organization, "another organization": new_id()}[acts_for]
    claims = {"org": str(own)} if own else {}
    signed = api.forge.headers(stranger.id, roles=("user",), claims=claims)
    found = {}
    for route in CONCERNED:
        name = str(route.operation_id)
        path = route.path.format(
            organization_id=organization, team_id=team, subject_id=member.id, invitation_id=invitation["id"]
        ).removeprefix("/api/v1")
        options: dict[str, Any] = {"headers": {**signed, **CURRENT}, "roles": None}
        if name in BODIES:
            options["json"] = BODIES[name]
        if name in {"remove_member", "remove_team"}:
            options["params"] = {"reason": WHY}
        found[name] = await api.refused(min(route.methods or ()), path, **options)
    expected = {name: (403, "ACC_001") if name in OF_THE_PLATFORM else (404, "RES_001") for name in found}
    assert found == expected

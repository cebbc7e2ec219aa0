"""Rules for all operations."""

from chassis.rest.route import Route
from governance.interfaces.rest import ROUTERS
from services.governance.tests.contract.api import Api


async def test_every_operation_is_described(api: Api) -> None:
    document = (await api.client.get("/openapi.json")).json()
    operations = [operation for path in document["paths"].values() for operation in path.values()]

    assert sorted(operation["operationId"] for operation in operations) == [
        "get_approval_rule",
        "get_current_policies",
        "get_role",
        "get_subject_roles",
        "grant_role",
        "list_approval_rules",
        "list_permissions",
        "list_policy_bundles",
        "list_role_assignments",
        "list_roles",
        "revoke_role",
        "set_approval_rule",
        "set_role_permissions",
        "withdraw_approval_rule",
    ]
    assert all(operation["description"] for operation in operations)


def test_all_writes_replay_their_answer() -> None:
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, Route)]
    writes = {route.operation_id for route in routes if route.methods != {"GET"}}
    assert writes == {"grant_role", "revoke_role", "set_role_permissions", "set_approval_rule", "withdraw_approval_rule"}
    assert {route.operation_id for route in routes if route.idempotency is True} == writes

"""Rules for all operations."""

from chassis.rest.route import Route
from governance.interfaces.rest import ROUTERS
from services.governance.tests.contract.api import Api


async def test_every_operation_is_described(api: Api) -> None:
    document = (await api.client.get("/openapi.json")).json()
    operations = [operation for path in document["paths"].values() for operation in path.values()]

    assert sorted(operation["operationId"] for operation in operations) == [
        "approve_separation_exception",
        "ask_separation_exception",
        "create_role",
        "describe_role",
        "end_separation_exception",
        "explain_access",
        "get_approval_rule",
        "get_current_policies",
        "get_role",
        "get_separation",
        "get_subject_roles",
        "get_user_access",
        "grant_role",
        "list_approval_rules",
        "list_duty_conflicts",
        "list_permissions",
        "list_policy_bundles",
        "list_role_assignments",
        "list_roles",
        "list_separation_exceptions",
        "list_separations",
        "list_who_can",
        "preview_assignment",
        "retire_role",
        "revoke_role",
        "set_approval_rule",
        "set_included_roles",
        "set_role_permissions",
        "set_separation",
        "withdraw_approval_rule",
        "withdraw_separation",
    ]
    assert all(operation["description"] for operation in operations)


def test_all_writes_replay_their_answer() -> None:
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, Route)]
    writes = {route.operation_id for route in routes if route.methods != {"GET"}}
    assert {route.operation_id for route in routes if route.idempotency is True} == writes

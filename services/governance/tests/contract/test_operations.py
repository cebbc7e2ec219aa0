"""Rules for all operations."""

from chassis.rest.route import Route
from governance.interfaces.rest import ROUTERS
from services.governance.tests.contract.api import Api


async def test_every_operation_is_described(api: Api) -> None:
    document = (await api.client.get("/openapi.json")).json()
    operations = [operation for path in document["paths"].values() for operation in path.values()]

    assert sorted(operation["operationId"] for operation in operations) == [
        "accept_invitation",
        "activate_organization",
        "add_member",
        "add_policy_version",
        "add_team_member",
        "approve_policy_change",
        "approve_separation_exception",
        "ask_policy_change",
        "ask_separation_exception",
        "cancel_access_review",
        "change_member",
        "change_organization",
        "close_organization",
        "create_organization",
        "create_policy",
        "create_role",
        "create_team",
        "decide_review_lines",
        "describe_policy",
        "describe_role",
        "drop_team_member",
        "end_policy_change",
        "end_separation_exception",
        "evaluate_access",
        "evaluate_access_batch",
        "explain_access",
        "export_review_lines",
        "get_access_review",
        "get_approval_rule",
        "get_current_policies",
        "get_golden_decision",
        "get_member",
        "get_organization",
        "get_policy",
        "get_policy_bundle",
        "get_policy_change",
        "get_policy_version",
        "get_policy_vocabulary",
        "get_review_report",
        "get_role",
        "get_separation",
        "get_shadow_report",
        "get_subject_roles",
        "get_team",
        "get_user_access",
        "grant_role",
        "invite_member",
        "list_access_reviews",
        "list_approval_rules",
        "list_duty_conflicts",
        "list_golden_decisions",
        "list_invitations",
        "list_members",
        "list_organizations",
        "list_own_teams",
        "list_permissions",
        "list_policies",
        "list_policy_bundles",
        "list_policy_changes",
        "list_policy_templates",
        "list_policy_versions",
        "list_review_keys",
        "list_review_lines",
        "list_role_assignments",
        "list_roles",
        "list_separation_exceptions",
        "list_separations",
        "list_team_members",
        "list_teams",
        "list_who_can",
        "preview_assignment",
        "preview_policy",
        "preview_policy_change",
        "remove_golden_decision",
        "remove_member",
        "remove_team",
        "rename_team",
        "retire_role",
        "revoke_role",
        "set_approval_rule",
        "set_golden_decision",
        "set_included_roles",
        "set_member_roles",
        "set_role_permissions",
        "set_separation",
        "start_access_review",
        "suspend_organization",
        "withdraw_approval_rule",
        "withdraw_invitation",
        "withdraw_separation",
    ]
    assert all(operation["description"] for operation in operations)


def test_all_writes_replay_their_answer() -> None:
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, Route)]
    writes = {route.operation_id for route in routes if route.methods != {"GET"}}
    # Repeating them changes nothing.
    without_key = {"remove_member", "remove_team", "evaluate_access", "evaluate_access_batch"}
    assert {route.operation_id for route in routes if route.idempotency in {True, "steps"}} == writes - without_key

"""Operations that require a recent sign-in or two factors, and reads of other people's data: listed here, not derived from the
routes.
"""

from typing import Final

from deploy.ci import assurance
from gateway.routes import SERVICES
from kernel.assurance import RECENT, STRONG, Assurance
from kernel.reads import OTHERS, REFERENCE, SEARCH, ReadsOf

STRONGLY: Final = {
    "approve_transfer", "reject_transfer", "approve_bulk", "reject_bulk", "reverse_transfer", "unfreeze_wallet",
    "unfreeze_account", "decide_recovery",
}  # fmt: skip
RECENTLY: Final = {
    # Issuing money, prices, limits, freezing, screening.
    "issue_money", "set_fee_rule", "end_fee_rule", "set_rate", "end_rate", "set_limit", "end_limit", "assign_tier",
    "freeze_wallet", "set_ceiling", "set_wallet_usage", "place_screening_block", "lift_screening_block",
    # Permissions.
    "grant_role", "revoke_role", "set_role_permissions", "set_approval_rule", "withdraw_approval_rule",
    "create_role", "describe_role", "retire_role", "set_included_roles", "set_separation", "withdraw_separation",
    "ask_separation_exception", "approve_separation_exception", "end_separation_exception",
    "start_access_review", "decide_review_lines", "cancel_access_review",
    # Policies.
    "create_policy", "add_policy_version", "describe_policy", "ask_policy_change", "approve_policy_change", "end_policy_change",
    "set_golden_decision", "remove_golden_decision",
    # Organizations, and who acts for them.
    "create_organization", "change_organization", "suspend_organization", "activate_organization", "close_organization",
    "add_member", "change_member", "set_member_roles", "remove_member", "invite_member", "withdraw_invitation",
    "create_team", "rename_team", "remove_team", "add_team_member", "drop_team_member",
    # Credentials and status of other people.
    "create_user", "replace_user", "update_user", "delete_user", "restore_user", "suspend_user", "activate_user", "unlock_user",
    "require_password_reset",
    # The caller's own address, credentials, factors, keys and devices; all data about a user.
    "change_email", "change_phone", "change_password", "begin_totp", "confirm_totp", "remove_totp", "renew_backup_codes",
    "begin_passkey", "add_passkey", "rename_passkey", "remove_passkey", "register_device_key", "revoke_device_key",
    "revoke_device",
    "export_user_data", "request_user_erasure",
}  # fmt: skip
RECENTLY_OF_OTHERS: Final = {"update_profile", "revoke_session", "void_transfer"}

# Lists over people, and reads from a record to all acts of a person; they require a reason.
SEARCHES: Final = {
    "list_users", "list_recovery_requests", "list_accounts", "list_role_assignments", "list_audit_entries",
    "export_audit_entries", "get_audit_trail", "list_policy_decisions", "list_screening_blocks",
    "list_who_can", "list_duty_conflicts", "list_separation_exceptions", "export_review_lines",
}  # fmt: skip
# What belongs to one person, or waits for a decision, and is on record where it is another's.
ON_RECORD: Final = {
    "get_user", "get_profile", "list_sessions", "get_session", "list_devices", "export_user_data",
    "get_wallet", "get_balance", "list_postings", "get_statement", "get_account", "list_account_postings", "get_tier",
    "get_transfer", "get_receipt", "get_schedule", "list_schedule_runs", "list_upcoming_runs", "get_bulk", "get_bulk_file",
    "list_bulk_lines", "follow_bulk", "list_awaiting_approval", "list_bulks_awaiting_approval",
    "get_subject_roles", "get_audit_entry", "get_inclusion_proof",
    "get_user_access", "explain_access", "preview_assignment", "list_members", "get_member", "list_team_members",
    "list_review_lines", "get_review_report",
}  # fmt: skip
# Open to everybody who was given an address or a number.
BY_REFERENCE: Final = {"look_up_wallet_address", "get_erasure"}

ALL: Final = [route for service in SERVICES for route in assurance.routes(service)]


def named(level: Assurance) -> set[str]:
    return {str(route.operation_id) for route in ALL if route.assurance is level}


def test_operations_require_the_listed_assurance() -> None:
    assert named(STRONG) == STRONGLY
    assert named(RECENT) == RECENTLY
    assert {route.operation_id for route in ALL if route.others is RECENT} == RECENTLY_OF_OTHERS


def test_reads_of_others_are_recorded_and_lists_over_people_require_a_reason() -> None:
    def reading(of: ReadsOf) -> set[str]:
        return {str(route.operation_id) for route in ALL if route.reads is of}

    assert (reading(SEARCH), reading(OTHERS), reading(REFERENCE)) == (SEARCHES, ON_RECORD, BY_REFERENCE)
    assert all(route.takes_reason for route in ALL if route.reads is SEARCH)


def test_the_committed_table_matches_the_routes() -> None:
    _, _, rest = assurance.DOCUMENT.read_text().partition("<!-- assurance -->\n")
    assert rest.partition("<!-- end of assurance -->")[0] == assurance.table(), "run make openapi and commit"

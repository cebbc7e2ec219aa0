from enum import StrEnum


class SignInFailure(StrEnum):
    """The reason why a sign-in failed. Only the audit log has it: the response is always the same."""

    UNKNOWN_ACCOUNT = "unknown_account"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105  # a reason's name
    NOT_ACTIVE = "not_active"
    THROTTLED = "throttled"
    OVER = "over"
    CHANGED_MEANWHILE = "changed_meanwhile"

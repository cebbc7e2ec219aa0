"""The names of settings that only one process has, so that the others can refuse a mistyped ELCORP_ variable.

Processes share their environment (one ConfigMap, one `make run`), and a service does not contain the code of another. A test
compares the names with the fields of all settings classes.
"""

from typing import Final

OF_ONE_PROCESS: Final = frozenset(
    f"ELCORP_{name}"
    for name in (
        "ACCESS_TOKEN_SECONDS",
        "ACTS_RECORDED_SINGLY",
        "ADMIN_EMAIL",
        "ADMIN_PASSWORD",
        "APPEND_BATCH_MAX",
        "APPEND_WAIT_MS_MAX",
        "APPROVAL_HOURS",
        "APPROVAL_KEY",
        "APPROVAL_KEY_FILE",
        "ARGON2_MEMORY_KIB",
        "ARGON2_PASSES",
        "ATTEMPTS_RECORDED_SINGLY",
        "BATCH_MAX",
        "BODY_BYTES_MAX",
        "BODY_BYTES_PER_SECOND",
        "BODY_SECONDS",
        "BODY_SECONDS_MAX",
        "BODY_WHOLE_BYTES_MAX",
        "CHECKPOINT_SECONDS",
        "COMPLIANCE_URL",
        "CORS_ORIGINS",
        "GATEWAY_HOST",
        "GATEWAY_PORT",
        "GOVERNANCE_URL",
        "HASH_MEMORY_KEPT",
        "HASH_WAITING_MAX",
        "HASH_WORKERS",
        "HOLD_DAYS",
        "IDENTITY_URL",
        "IN_FLIGHT_MAX",
        "LOGIN_ATTEMPTS_PER_HOUR",
        "LOGIN_FAILURES_IN_A_ROW",
        "LOGIN_FAILURES_PER_HOUR_OF_ADDRESS",
        "LOG_ORIGIN",
        "MAIL_FROM",
        "MFA_REQUIRED_OF",
        "OPEN_BODIES_MAX",
        "OPEN_DOWNLOADS_MAX",
        "OPEN_STREAMS_MAX",
        "PASSKEY_DOMAIN",
        "PASSKEY_ORIGINS",
        "PASSWORD_COMPLEXITY",
        "PASSWORD_LENGTH_MIN",
        "PASSWORD_LENGTH_MIN_SINGLE_FACTOR",
        "PAYMENTS_URL",
        "PERSON_OPEN_DOWNLOADS_MAX",
        "PERSON_OPEN_STREAMS_MAX",
        "PERSON_RATE_LIMIT_PER_MINUTE",
        "POLICY_DECISIONS_KEEP_DAYS",
        "PROJECTION_SECONDS_MAX",
        "RATE_LIMIT_PER_MINUTE",
        "RECONCILE_GRACE_SECONDS",
        "RECONCILE_SECONDS",
        "RESET_PAGE",
        "SESSION_DAYS",
        "SESSION_IDLE_MINUTES",
        "SIGNATURE_REQUIRED_ABOVE",
        "SIGNING_KEY_DAYS",
        "SMS_FROM",
        "SMS_TOKEN",
        "SMS_URL",
        "SMTP_HOST",
        "SMTP_PASSWORD",
        "SMTP_PORT",
        "SMTP_SECURITY",
        "SMTP_USERNAME",
        "STRONG_SIGN_IN_ABOVE",
        "UNDO_PAGE",
        "UPSTREAM_CONNECTIONS_MAX",
        "UPSTREAM_UPLOADS_MAX",
        "WAITING_MAX",
    )
)
# Variables of `make run`, of the tests and of CI, which processes inherit without reading them.
TOOLS_PREFIXES: Final = ("ELCORP_LOCAL_", "ELCORP_TEST_", "ELCORP_CI_")
# Variables of docker compose, of scripts and of the journey.
TOOLS: Final = frozenset({"ELCORP_ADMIN_TOTP_SECRET", "ELCORP_BIND", "ELCORP_KUBECONFIG", "ELCORP_PORT", "ELCORP_TAG"})

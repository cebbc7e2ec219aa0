"""Whose rows each table of identity has."""

from typing import Final

from chassis.persistence.table_kinds import PERSON, PLATFORM, TableKinds

TABLE_KINDS: Final[TableKinds] = {
    "address_messages": PLATFORM,
    "approval_decisions": PLATFORM,
    "approvals": PLATFORM,
    "attempt_counts": PLATFORM,
    "attempt_sources": PLATFORM,
    "backup_codes": PERSON,
    "device_keys": PERSON,
    "devices": PERSON,
    "email_undos": PERSON,
    "erasures": PERSON,
    "idempotency_steps": PLATFORM,
    "messages": PERSON,
    "notice_preferences": PERSON,
    "notice_requests": PLATFORM,
    "notices": PERSON,
    "one_time_codes": PERSON,
    "passkey_ceremonies": PERSON,
    "passkeys": PERSON,
    "password_history": PERSON,
    "password_resets": PERSON,
    "profiles": PERSON,
    "receipt_keys": PLATFORM,
    "recovery_requests": PERSON,
    "required_resets": PERSON,
    "second_factor_failures": PERSON,
    "sessions": PERSON,
    "sign_in_challenges": PERSON,
    "signing_keys": PLATFORM,
    "subject_keys": PERSON,
    "totps": PERSON,
    "used_device_proofs": PERSON,
    "users": PERSON,
    "wallet_addresses": PERSON,
}

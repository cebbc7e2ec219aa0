"""All data that is held about a user, for its export."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from sqlalchemy import TextClause, text

from identity.infrastructure import notice_sealing
from identity.infrastructure.sql.reads import SealedReads
from identity.infrastructure.vault import SealedProfile

SECTION_ROWS_MAX: Final = 10_000
_ACCOUNT = text(
    """
    SELECT u.id, u.username, u.status, u.initial_role, u.registered_at, u.agreed_terms_at, u.last_sign_in_at,
           u.email_verified_at, u.phone_verified_at, u.password_changed_at, u.second_factor_since, k.wrapped,
           n.sealed AS preferences, p.full_name, p.email, p.phone, p.organization, p.email_index, p.phone_index, p.email_as_given
    FROM users u JOIN profiles p ON p.user_id = u.id JOIN subject_keys k ON k.subject_id = u.id
    LEFT JOIN notice_preferences n ON n.user_id = u.id
    WHERE u.id = :user_id AND u.status <> 'restricted'
    """
)
_ACCOUNT_COLUMNS: Final = (
    "id",
    "username",
    "status",
    "initial_role",
    "registered_at",
    "last_sign_in_at",
    "email_verified_at",
    "phone_verified_at",
    "password_changed_at",
    "second_factor_since",
)
_PROFILE_COLUMNS: Final = ("full_name", "email", "phone", "organization")
_SEALED_COLUMNS: Final = (*_PROFILE_COLUMNS, "email_index", "phone_index", "email_as_given")


def _section(columns: str, table: str, order: str) -> TextClause:
    where = "user_id = :user_id"
    return text(f"SELECT {columns} FROM {table} WHERE {where} ORDER BY {order} LIMIT {SECTION_ROWS_MAX}")  # noqa: S608  # ours


# Select no hash, seed, digest or token.
_SECTIONS: Final[Mapping[str, TextClause]] = {
    "wallet_addresses": _section("address, currency, issued_at, retired_at, label", "wallet_addresses", "issued_at, address"),
    "devices": _section("device_id, name, first_seen_at, last_seen_at, revoked_at", "devices", "first_seen_at"),
    "device_keys": _section(
        "id, device_id, algorithm, encode(public_key, 'hex') AS public_key, registered_at, revoked_at, revoke_reason",
        "device_keys",
        "registered_at, id",
    ),
    "sessions": _section(
        "id, device_id, methods, authenticated_at, earlier_proofs, started_at, rotated_at AS refreshed_at, expires_at, ended_at, "
        "end_reason, started_from, seen_from",
        "sessions",
        "started_at DESC, id",
    ),
    "authenticator_apps": _section("created_at, confirmed_at", "totps", "created_at"),
    "backup_codes": _section("created_at, used_at", "backup_codes", "created_at, used_at"),
    "passkeys": _section("id, name, backed_up, created_at, last_used_at, flagged_at", "passkeys", "created_at, id"),
    "password_resets": _section("created_at, expires_at, used_at", "password_resets", "created_at, id"),
    "email_undos": _section("created_at, expires_at, used_at", "email_undos", "created_at, id"),
    "recovery_requests": _section(
        "id, reason, status, requested_at, confirmed_at, decided_at, decision_reason", "recovery_requests", "requested_at, id"
    ),
    "verifications": _section("purpose, created_at, expires_at, used_at", "one_time_codes", "created_at, id"),
    "notices": _section('id, template, "group", facts, occurred_at, created_at, read_at, mailed_at', "notices", "id DESC"),
    "messages": _section("id, template, queued_at, delivered_at, failed_at", "messages", "queued_at DESC, id"),
}


class SqlUserData(SealedReads):
    async def held_about(self, user_id: UUID) -> dict[str, Any] | None:
        async with self._database.read() as connection:
            account = (await connection.execute(_ACCOUNT, {"user_id": user_id})).mappings().one_or_none()
            if account is None:
                return None
            sections = {
                name: [dict(row) for row in (await connection.execute(query, {"user_id": user_id})).mappings()]
                for name, query in _SECTIONS.items()
            }
        for address in sections["wallet_addresses"]:
            sealed = address["label"]
            if sealed:
                address["label"] = self._vault.open_label(user_id, account["wrapped"], address["address"], sealed)
        for section, thing in (("devices", "device_id"), ("passkeys", "id")):
            for row in sections[section]:
                sealed = row["name"]
                row["name"] = self._vault.open_item_name(user_id, account["wrapped"], row[thing], sealed) if sealed else None
        for notice in sections["notices"]:
            sealed = notice["facts"]
            notice["facts"] = notice_sealing.open_facts(self._vault, user_id, account["wrapped"], notice["id"], sealed)
        for session in sections["sessions"]:
            for column in ("started_from", "seen_from"):
                sealed = session[column]
                if sealed:
                    session[column] = asdict(self._vault.open_origin(user_id, account["wrapped"], session["id"], sealed))
        sealed_profile = SealedProfile(account["wrapped"], *(account[column] for column in _SEALED_COLUMNS))
        profile = self._vault.open(user_id, sealed_profile)
        return {
            "account": {column: account[column] for column in _ACCOUNT_COLUMNS},
            "profile": {column: getattr(profile, column) for column in _PROFILE_COLUMNS},
            "consents": [{"what": "terms", "agreed_at": account["agreed_terms_at"]}],
            "notice_preferences": notice_sealing.preferences_content(
                notice_sealing.open_preferences(self._vault, user_id, account["wrapped"], account["preferences"])
            ),
            **sections,
            "audit_trail": f"/api/v1/audit/trails/{user_id}",
        }

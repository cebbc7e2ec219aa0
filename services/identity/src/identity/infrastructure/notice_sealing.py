"""Sealing of notices and preferences under the person's key."""

import json
from collections.abc import Mapping
from datetime import time
from typing import Any
from uuid import UUID

from chassis.crypto import field_context
from identity.domain.notice import NoticeGroup, NoticeLanguage
from identity.domain.notice_preferences import (
    DEFAULT_PREFERENCES,
    DigestFrequency,
    DigestTime,
    NoticeChannel,
    NoticePreferences,
    QuietHours,
)
from identity.infrastructure.vault import Vault


def seal_facts(vault: Vault, user_id: UUID, wrapped: bytes, notice_id: UUID, facts: Mapping[str, str | int]) -> bytes:
    return vault.sealer_of(user_id, wrapped).seal(json.dumps(dict(facts)).encode(), _facts_context(notice_id))


def open_facts(vault: Vault, user_id: UUID, wrapped: bytes, notice_id: UUID, sealed: bytes) -> dict[str, str | int]:
    opened: dict[str, str | int] = json.loads(vault.sealer_of(user_id, wrapped).open(sealed, _facts_context(notice_id)))
    return opened


def seal_preferences(vault: Vault, user_id: UUID, wrapped: bytes, preferences: NoticePreferences) -> bytes:
    content = json.dumps(preferences_content(preferences)).encode()
    return vault.sealer_of(user_id, wrapped).seal(content, _preferences_context(user_id))


def preferences_content(preferences: NoticePreferences) -> dict[str, Any]:
    """Return preferences as JSON values."""
    quiet, digest = preferences.quiet_hours, preferences.digest
    return {
        "language": preferences.language.value,
        "channels": {group.value: sorted(channels) for group, channels in preferences.channels.items()},
        "quiet_hours": [quiet.start.isoformat(), quiet.end.isoformat()] if quiet else None,
        "summary": [digest.frequency.value, digest.hour, digest.weekday],
    }


def open_preferences(vault: Vault, user_id: UUID, wrapped: bytes, sealed: bytes | None) -> NoticePreferences:
    """Open sealed preferences. Without any, return the default ones."""
    if sealed is None:
        return DEFAULT_PREFERENCES
    content: dict[str, Any] = json.loads(vault.sealer_of(user_id, wrapped).open(sealed, _preferences_context(user_id)))
    quiet, (frequency, hour, weekday) = content["quiet_hours"], content["summary"]
    return NoticePreferences(
        language=NoticeLanguage(content["language"]),
        channels={
            NoticeGroup(group): frozenset(NoticeChannel(channel) for channel in channels)
            for group, channels in content["channels"].items()
        },
        quiet_hours=QuietHours(*(time.fromisoformat(each) for each in quiet)) if quiet else None,
        digest=DigestTime(DigestFrequency(frequency), hour, weekday),
    )


def _facts_context(notice_id: UUID) -> bytes:
    return field_context("notices", "facts", str(notice_id))


def _preferences_context(user_id: UUID) -> bytes:
    return field_context("notice_preferences", "sealed", str(user_id))

"""Fakes of one-time codes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from identity.domain.one_time_code import OneTimeCode


class FakeOneTimeCodes:
    def __init__(self, store: Any) -> None:
        self._kept: dict[UUID, tuple[OneTimeCode, Mapping[str, str | None]]] = store.codes

    async def add(self, code: OneTimeCode, pending: Mapping[str, str | None]) -> None:
        self._kept[code.id] = code, dict(pending)

    async def lock(self, code_id: UUID) -> tuple[OneTimeCode, Mapping[str, str | None]] | None:
        return self._kept.get(code_id)

    async def settle(self, code: OneTimeCode) -> None:
        self._kept[code.id] = code, {}

    async def lock_sent(self, target_index: bytes, user_id: UUID, since: datetime) -> tuple[int, int]:
        codes = [code for code, _ in self._kept.values() if code.sent_at > since]
        to_address = sum(code.sends for code in codes if code.target_index == target_index)
        return to_address, sum(code.sends for code in codes if code.user_id == user_id)

    async def forget(self, user_id: UUID) -> int:
        return self._drop([code.id for code, _ in self._kept.values() if code.user_id == user_id])

    async def purge(self, created_before: datetime) -> int:
        return self._drop([code.id for code, _ in self._kept.values() if code.created_at < created_before])

    def _drop(self, ids: Sequence[UUID]) -> int:
        for code_id in ids:
            del self._kept[code_id]
        return len(ids)


def fake_digest(text: str) -> bytes:
    return sha256(text.encode()).digest()

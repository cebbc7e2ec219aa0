"""Origins of sessions, opened for their owner."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from identity.application.devices.views import OriginView
from identity.infrastructure.user_agents import program_of
from identity.infrastructure.vault import Vault

View = TypeVar("View")


async def opened(view: Callable[[Any], View], rows: Sequence[Any]) -> list[View]:
    # In a thread: the first User-Agent loads the patterns of all programs, which takes a quarter of a second.
    return await asyncio.to_thread(lambda: [view(row) for row in rows])


def origin_view(vault: Vault, user_id: UUID, wrapped: bytes | None, session_id: UUID, sealed: bytes | None) -> OriginView | None:
    if not sealed or not wrapped:
        return None
    origin = vault.open_origin(user_id, wrapped, session_id, sealed)
    return OriginView(origin.address, program_of(origin.user_agent))

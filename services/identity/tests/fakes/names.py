"""Fakes of names that are sealed: turned round, so that a test sees which one it has."""

from uuid import UUID


class FakeNames:
    async def seal(self, user_id: UUID, thing_id: UUID, name: str) -> str:
        return name[::-1]

    async def open(self, user_id: UUID, thing_id: UUID, sealed: str) -> str:
        return sealed[::-1]

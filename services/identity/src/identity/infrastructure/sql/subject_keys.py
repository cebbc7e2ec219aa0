"""The key of each user, wrapped by the master key. It seals their personal data, and an erasure destroys it."""

from uuid import UUID

from sqlalchemy import Column, ForeignKey, LargeBinary, Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from identity.infrastructure.sql.mapping import metadata
from identity.infrastructure.sql.users import users
from kernel.errors import NotFound

subject_keys = Table(
    "subject_keys",
    metadata,
    Column("subject_id", ForeignKey(users.c.id), primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
)


async def find_wrapped_key(session: AsyncSession, user_id: UUID) -> bytes | None:
    query = select(subject_keys.c.wrapped).where(subject_keys.c.subject_id == user_id)
    wrapped: bytes | None = await session.scalar(query)
    return wrapped


async def wrapped_key(session: AsyncSession, user_id: UUID) -> bytes:
    """Raise NotFound for a user whose key was destroyed or never existed."""
    wrapped = await find_wrapped_key(session, user_id)
    if wrapped is None:
        raise NotFound(user_id=user_id)
    return wrapped

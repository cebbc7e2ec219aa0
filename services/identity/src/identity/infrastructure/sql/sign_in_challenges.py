"""Sign-ins that wait for a second factor."""

from sqlalchemy import ARRAY, Boolean, Column, ForeignKey, LargeBinary, SmallInteger, Table, Text, Uuid, select
from sqlalchemy.ext.asyncio import AsyncSession

from identity.domain.sign_in_challenge import SignInChallenge
from identity.infrastructure.sql.mapping import mapper, metadata, timestamp
from identity.infrastructure.sql.users import users

sign_in_challenges = Table(
    "sign_in_challenges",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("user_id", ForeignKey(users.c.id), nullable=False),
    Column("device_id", Uuid, nullable=False),
    Column("methods", ARRAY(Text, as_tuple=True), nullable=False),
    Column("password_changed_at", timestamp(), nullable=False),
    Column("enrolment", Boolean, nullable=False),
    Column("created_at", timestamp(), nullable=False),
    Column("expires_at", timestamp(), nullable=False),
    Column("tries", SmallInteger, nullable=False),
    Column("finished_at", timestamp()),
    Column("known_device", Boolean, nullable=False),
)
mapper.map_imperatively(SignInChallenge, sign_in_challenges)


class SqlSignInChallenges:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, challenge: SignInChallenge) -> None:
        self._session.add(challenge)

    async def lock(self, digest: bytes) -> SignInChallenge | None:
        query = select(SignInChallenge).where(sign_in_challenges.c.digest == digest).with_for_update()
        return (await self._session.scalars(query)).one_or_none()

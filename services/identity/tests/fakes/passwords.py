"""Password hashing that costs nothing."""

from dataclasses import dataclass, field

from identity.application.ports.passwords import PasswordVerification
from kernel.errors import Unavailable


@dataclass
class FakePasswords:
    """Hash by reversal; `outdated` says that the parameters have changed since."""

    outdated: bool = False
    busy: bool = False
    verified: list[str | None] = field(default_factory=list)

    async def hash(self, password: str) -> str:
        if self.busy:
            raise Unavailable
        return f"$argon2id${password[::-1]}"

    async def verify(self, password_hash: str | None, password: str) -> PasswordVerification:
        self.verified.append(password_hash)
        matches = password_hash == await self.hash(password) or password_hash == f"{await self.hash(password)}+"
        return PasswordVerification(matches, f"{await self.hash(password)}+" if matches and self.outdated else None)

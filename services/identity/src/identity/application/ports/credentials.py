"""The credentials that passwords are checked against."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from identity.domain.sign_in_name import SignInName


@dataclass(frozen=True, slots=True)
class CredentialView:
    user_id: UUID
    password_hash: str
    password_changed_at: datetime
    is_active: bool
    has_second_factor: bool = False


class Credentials(Protocol):
    async def credential_of(self, user_id: UUID) -> CredentialView | None: ...

    async def credential(self, name: SignInName) -> CredentialView | None: ...

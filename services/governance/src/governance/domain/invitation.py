"""An invitation to an organization: a code that one person uses once."""

import re
import secrets
from base64 import b32encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, Self
from uuid import UUID

from governance.domain.errors import InvitationUnusable
from kernel.errors import InvalidValue
from kernel.events import Aggregate
from kernel.ids import new_id

DAYS_MAX: Final = 30
OPEN_MAX: Final = 200
ROLES_MAX: Final = 10
# 160 bits. People copy it from a mail, so it is in letters and digits that are not mistaken for each other, in groups.
_CODE_BYTES: Final = 20
_GROUP: Final = 4
_SEPARATORS: Final = re.compile(r"[\s-]+")


def new_code() -> str:
    text = b32encode(secrets.token_bytes(_CODE_BYTES)).decode()
    return "-".join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP))


def digest_of(code: str) -> str:
    """Return what is stored of a code. Case, spaces and hyphens do not matter. It is random, so a plain hash protects it."""
    return sha256(_SEPARATORS.sub("", code).upper().encode()).hexdigest()


def hint_of(address: str) -> str:
    """Return what governance keeps of an address: enough for the inviter to know it again."""
    name, _, domain = address.rpartition("@")
    return f"{name[:1]}…@{domain}"


@dataclass(eq=False)
class Invitation(Aggregate):
    """Who uses the code becomes a member, with these roles for the organization, until `membership_ends_at`."""

    id: UUID
    organization_id: UUID
    code_digest: str
    address_hint: str
    roles: tuple[str, ...]
    membership_ends_at: datetime | None
    invited_by: str
    invited_at: datetime
    expires_at: datetime
    accepted_by: UUID | None = None
    accepted_at: datetime | None = None
    withdrawn_at: datetime | None = None

    @classmethod
    def make(
        cls,
        organization_id: UUID,
        *,
        code: str,
        address: str,
        roles: tuple[str, ...],
        membership_ends_at: datetime | None,
        expires_at: datetime,
        by: str,
        at: datetime,
    ) -> Self:
        if not at < expires_at <= at + timedelta(days=DAYS_MAX):
            raise InvalidValue(field="expires_at", expected=f"a time within {DAYS_MAX} days", given=expires_at.isoformat())
        if membership_ends_at is not None and membership_ends_at <= at:
            raise InvalidValue(field="membership_ends_at", expected="a time in the future", given=membership_ends_at.isoformat())
        names = tuple(sorted(set(roles)))
        if len(names) > ROLES_MAX:
            raise InvalidValue(field="roles", expected=f"at most {ROLES_MAX} roles")
        hint = hint_of(address)
        return cls(new_id(), organization_id, digest_of(code), hint, names, membership_ends_at, by, at, expires_at)

    def is_open(self, at: datetime) -> bool:
        return self.accepted_at is None and self.withdrawn_at is None and at < self.expires_at

    def accept(self, subject_id: UUID, *, at: datetime) -> None:
        """Use it, once. Raise InvitationUnusable."""
        if not self.is_open(at):
            raise InvitationUnusable
        self.accepted_by, self.accepted_at = subject_id, at

    def withdraw(self, *, at: datetime) -> bool:
        """Return False if it was accepted or withdrawn already."""
        if self.accepted_at or self.withdrawn_at:
            return False
        self.withdrawn_at = at
        return True

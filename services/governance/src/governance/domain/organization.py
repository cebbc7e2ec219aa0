"""Organizations: banks, merchants, dealers, ministries and Elcorp's own."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Self
from uuid import UUID

from governance.domain.errors import OrganizationClosed
from governance.domain.events import OrganizationStatusChanged
from kernel.errors import InvalidValue
from kernel.events import Aggregate
from kernel.ids import new_id

NAME_LENGTH_MAX: Final = 120
REGISTRATION_LENGTH_MAX: Final = 40
CONTACT_LENGTH_MAX: Final = 254
# The shape only: nothing is sent to it before a person reads it.
_ADDRESS: Final = re.compile(r"[^@\s]+@[^@\s]+")
# Also the most levels of teams.
LEVELS_MAX: Final = 8


class OrganizationKind(StrEnum):
    BANK = "bank"
    MERCHANT = "merchant"
    DEALER = "dealer"
    MINISTRY = "ministry"
    INTERNAL = "internal"


class OrganizationStatus(StrEnum):
    """Nobody acts for an organization that is suspended or closed. `closed` is final."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationDetails:
    """How an organization is called and reached. The contact is the organization's, not a person's."""

    name: str
    registration_number: str | None = None
    contact_email: str | None = None
    contact_phone: str | None = None

    def __post_init__(self) -> None:
        for field, text, most in (
            ("name", self.name, NAME_LENGTH_MAX),
            ("registration_number", self.registration_number, REGISTRATION_LENGTH_MAX),
            ("contact_email", self.contact_email, CONTACT_LENGTH_MAX),
            ("contact_phone", self.contact_phone, CONTACT_LENGTH_MAX),
        ):
            if text is not None and not 1 <= len(text) <= most:
                raise InvalidValue(field=field, expected=f"1 to {most} characters")
            # A number with a space at its end would be another number.
            if text is not None and text != text.strip():
                raise InvalidValue(field=field, expected="no spaces at its ends")
        if self.contact_email is not None and not _ADDRESS.fullmatch(self.contact_email):
            raise InvalidValue(field="contact_email", expected="an e-mail address")


@dataclass(eq=False)
class Organization(Aggregate):
    """`parent_id` is the organization of which it is a part, such as a bank's of its branch."""

    id: UUID
    kind: OrganizationKind
    name: str
    registration_number: str | None
    contact_email: str | None
    contact_phone: str | None
    parent_id: UUID | None
    created_by: str
    created_at: datetime
    status: OrganizationStatus = OrganizationStatus.ACTIVE
    version: int = 1

    @classmethod
    def create(
        cls, kind: OrganizationKind, details: OrganizationDetails, *, parent_id: UUID | None, by: str, at: datetime
    ) -> Self:
        return cls(
            new_id(),
            kind,
            details.name,
            details.registration_number,
            details.contact_email,
            details.contact_phone,
            parent_id,
            by,
            at,
        )

    @property
    def details(self) -> OrganizationDetails:
        return OrganizationDetails(
            name=self.name,
            registration_number=self.registration_number,
            contact_email=self.contact_email,
            contact_phone=self.contact_phone,
        )

    def describe(self, details: OrganizationDetails) -> None:
        """Change how it is called and reached. Raise OrganizationClosed."""
        self.require_open()
        self.name, self.registration_number = details.name, details.registration_number
        self.contact_email, self.contact_phone = details.contact_email, details.contact_phone
        self.version += 1

    def move_to(self, status: OrganizationStatus, *, at: datetime) -> bool:
        """Suspend, activate or close it. Return False if it is so already. Raise OrganizationClosed for a closed one."""
        if status is self.status:
            return False
        self.require_open()
        self.status = status
        self.version += 1
        self.announce(
            OrganizationStatusChanged(occurred_at=at, organization_id=self.id, status=status.value, version=self.version)
        )
        return True

    @property
    def is_closed(self) -> bool:
        return self.status is OrganizationStatus.CLOSED

    def require_open(self) -> None:
        if self.is_closed:
            raise OrganizationClosed(organization_id=self.id)

    def require_active(self) -> None:
        """Raise OrganizationClosed for one that is suspended or closed: nobody joins it."""
        if self.status is not OrganizationStatus.ACTIVE:
            raise OrganizationClosed(organization_id=self.id)

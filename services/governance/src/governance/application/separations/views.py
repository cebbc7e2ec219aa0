from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from governance.domain.separation import DutyConflict, Separation
from kernel.pages import CursorPage, CursorRequest, Page, PageRequest


@dataclass(frozen=True, slots=True)
class SeparationView:
    """`version` is compared with If-Match."""

    name: str
    first: str
    second: str
    exempt_roles: tuple[str, ...]
    description: str
    version: int
    is_withdrawn: bool

    @classmethod
    def of(cls, separation: Separation) -> "SeparationView":
        return cls(
            name=separation.name,
            first=separation.first,
            second=separation.second,
            exempt_roles=tuple(separation.exempt_roles),
            description=separation.description,
            version=separation.version,
            is_withdrawn=separation.is_withdrawn,
        )


class SeparationViews(Protocol):
    async def separations(self, page: PageRequest) -> Page[SeparationView]:
        """Page through the separations in force, by name."""

    async def separation(self, name: str) -> SeparationView | None: ...

    async def conflicts(self, name: str, cursor: CursorRequest, *, at: datetime) -> CursorPage[DutyConflict]:
        """Page through the people who have both duties now or later, in the order of their ids."""

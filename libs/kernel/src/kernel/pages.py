"""Pages of lists: numbered for small lists, with cursors for histories."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from uuid import UUID

from kernel.errors import InvalidValue

T = TypeVar("T")
U = TypeVar("U")

PER_PAGE_MAX = 100
_NUMBER_MAX: Final = 2**63 - 1
_ID_MAX: Final = UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class PageRequest:
    """1-based page number and its size (1 to 100)."""

    page: int = 1
    per_page: int = 20

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.per_page


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    items: Sequence[T]
    page: int
    per_page: int
    total: int

    def map(self, change: Callable[[T], U]) -> "Page[U]":
        return Page([change(item) for item in self.items], self.page, self.per_page, self.total)


@dataclass(frozen=True, slots=True)
class CursorRequest:
    """`after` is the opaque cursor of the previous page, None for the first."""

    after: str | None = None
    limit: int = 20

    def number(self, *, first: int = _NUMBER_MAX, highest: int = _NUMBER_MAX) -> int:
        """Return the number after which the page begins, or `first` for the first page. Raise InvalidValue above `highest`."""
        if self.after is None:
            return first
        if not self.after.isascii() or not self.after.isdigit() or int(self.after) > highest:
            raise not_a_cursor(self.after)
        return int(self.after)

    def id(self) -> UUID:
        """Return the UUIDv7 below which the page lies, or the highest for the first page. Raise InvalidValue."""
        if self.after is None:
            return _ID_MAX
        try:
            return UUID(self.after)
        except ValueError:
            raise not_a_cursor(self.after) from None


def not_a_cursor(given: str) -> InvalidValue:
    return InvalidValue(field="cursor", expected="the next_cursor of the previous page, with the same filters", given=given)


@dataclass(frozen=True, slots=True)
class CursorPage(Generic[T]):
    """`next_cursor` is None on the last page."""

    items: Sequence[T]
    next_cursor: str | None

    def map(self, change: Callable[[T], U]) -> "CursorPage[U]":
        return CursorPage([change(item) for item in self.items], self.next_cursor)

"""Pages of lists: numbered for small lists, with cursors for histories."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
U = TypeVar("U")

PER_PAGE_MAX = 100


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


@dataclass(frozen=True, slots=True)
class CursorPage(Generic[T]):
    """`next_cursor` is None on the last page."""

    items: Sequence[T]
    next_cursor: str | None

    def map(self, change: Callable[[T], U]) -> "CursorPage[U]":
        return CursorPage([change(item) for item in self.items], self.next_cursor)

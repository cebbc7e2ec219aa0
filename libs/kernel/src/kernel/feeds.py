"""Pages of a feed: the rows of a producer's table in the order of their last change, from which others keep a copy."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

T = TypeVar("T")
U = TypeVar("U")

# Rows per page, as in the contracts.
FEED_PAGE_MAX: Final = 1000


@dataclass(frozen=True, slots=True)
class FeedPage(Generic[T]):
    """One page of a round. A round begins at "" or at an earlier `restart`, and ends with the page that `is_last`.

    `cursor` is where the next page begins. `restart` is where the next round may begin: it repeats no row that was visible and
    final when this page was read, and omits none that changed later. Both are opaque. `is_reset`: the producer's history is
    another one than the cursor's, for example after a restored backup; the page has no rows, and the copy must begin at "".
    """

    rows: Sequence[T]
    cursor: str
    restart: str
    is_last: bool
    is_reset: bool = False

    def map(self, change: Callable[[T], U]) -> "FeedPage[U]":
        return FeedPage([change(row) for row in self.rows], self.cursor, self.restart, self.is_last, self.is_reset)

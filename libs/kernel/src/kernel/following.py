"""Following something that changes until it ends, such as long work."""

from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from kernel.actor import Actor


class Followable(Protocol):
    """Each change has a higher `version`; after the last one it is no longer open."""

    @property
    def version(self) -> int: ...

    @property
    def is_open(self) -> bool: ...


T = TypeVar("T", bound=Followable)


# No slots: Python 3.11 cannot create a frozen generic dataclass with slots.
@dataclass(frozen=True, kw_only=True)
class Followed(Generic[T]):
    """What a caller was permitted to follow.

    Followers of one `key` in a process share one reader, so `read` knows no caller. `permit` raises if an actor, with the roles
    of that moment, may not see what was read.
    """

    key: Hashable
    first: T
    read: Callable[[], Awaitable[T | None]]
    permit: Callable[[Actor, T], None]

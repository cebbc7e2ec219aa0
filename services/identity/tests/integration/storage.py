"""Where the repositories' suite runs: in memory, or on PostgreSQL."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from identity.application.queries import IdentityQueries
from kernel.actor import Actor


class AnyUnitOfWork(Protocol):
    def begin(self, actor: Actor) -> AbstractAsyncContextManager[Any]: ...


@dataclass
class Storage:
    uow: AnyUnitOfWork
    queries: IdentityQueries

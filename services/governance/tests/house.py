"""Governance's use cases on fakes, with what a test asks of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest

from chassis.testing.clocks import ControlledClock
from chassis.testing.reads import NotedReads
from governance.application import Governance
from governance.domain.role_holder import RoleAssignment, RoleHolder
from kernel.actor import Actor, ActorKind
from kernel.errors import DomainError
from kernel.ids import new_id
from services.governance.tests.fakes import FakeChecker, FakeQueries, FakeSubjects, FakeUnitOfWork

ADMIN = Actor(kind=ActorKind.USER, subject_id=str(new_id()), roles=frozenset({"admin"}))
SERVICE = Actor.service("governance")


class House:
    """The use cases and the fakes behind them; ADMIN holds the role `admin`."""

    def __init__(self) -> None:
        self.uow = FakeUnitOfWork()
        self.subjects = FakeSubjects()
        self.checker = FakeChecker()
        self.clock = ControlledClock()
        held = RoleAssignment(ADMIN.user_id, "admin", SERVICE.subject_id, self.clock.now())
        self.uow.committed.holders[ADMIN.user_id] = RoleHolder(ADMIN.user_id, self.clock.now(), {"admin": held})
        self.app = Governance.of(
            uow=self.uow,
            subjects=self.subjects,
            checker=self.checker,
            queries=FakeQueries(self.uow),
            reads=NotedReads(),
            clock=self.clock,
        )

    def subject(self) -> UUID:
        subject_id = new_id()
        self.subjects.active.add(subject_id)
        return subject_id

    async def roles(self, subject_id: UUID) -> tuple[str, ...]:
        return (await self.app.get_subject_roles(subject_id=subject_id)).roles

    @contextmanager
    def refuses(self, refusal: type[DomainError]) -> "Iterator[pytest.ExceptionInfo[DomainError]]":
        """Expect a refusal, after which nothing was committed."""
        before = self.uow.committed
        with pytest.raises(refusal) as refused:
            yield refused
        assert self.uow.committed is before

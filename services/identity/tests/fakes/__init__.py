"""Fakes of identity's ports, in memory; the repositories' suite runs over them and over PostgreSQL alike."""

from services.identity.tests.fakes.accounts import FakeContacts, FakePasswords
from services.identity.tests.fakes.keys import FakeKeyMaker
from services.identity.tests.fakes.one_time_codes import fake_digest
from services.identity.tests.fakes.queries import FakeQueries
from services.identity.tests.fakes.sessions import FakeAccessTokens, FakeAttempts, FakeRevocations, FakeRoles, Surroundings
from services.identity.tests.fakes.unit_of_work import FakeUnitOfWork

__all__ = [
    "FakeAccessTokens",
    "FakeAttempts",
    "FakeContacts",
    "FakeKeyMaker",
    "FakePasswords",
    "FakeQueries",
    "FakeRevocations",
    "FakeRoles",
    "FakeUnitOfWork",
    "Surroundings",
    "fake_digest",
]

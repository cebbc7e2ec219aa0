"""Fakes of identity's peers (governance), of Redis, and of whatever is slow or leaves the machine.

Database behaviour is tested on the real database.
"""

from dataclasses import dataclass, field

from services.identity.tests.fakes.attempts import FakeAttempts
from services.identity.tests.fakes.governance import FakeAuthority, FakeRoles
from services.identity.tests.fakes.revocations import FakeRevocations


@dataclass
class Fakes:
    """Fakes of everything that identity calls."""

    roles: FakeRoles = field(default_factory=FakeRoles)
    authority: FakeAuthority = field(default_factory=FakeAuthority)
    attempts: FakeAttempts = field(default_factory=FakeAttempts)
    revocations: FakeRevocations = field(default_factory=FakeRevocations)

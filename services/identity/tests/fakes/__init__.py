"""Fakes of what identity asks of others: governance, Redis, and what takes long or leaves the machine.

What the database keeps is tested on the database.
"""

from dataclasses import dataclass, field

from services.identity.tests.fakes.attempts import FakeAttempts
from services.identity.tests.fakes.governance import FakeAuthority, FakeRoles
from services.identity.tests.fakes.revocations import FakeRevocations


@dataclass
class Fakes:
    """What identity asks of others, faked."""

    roles: FakeRoles = field(default_factory=FakeRoles)
    authority: FakeAuthority = field(default_factory=FakeAuthority)
    attempts: FakeAttempts = field(default_factory=FakeAttempts)
    revocations: FakeRevocations = field(default_factory=FakeRevocations)

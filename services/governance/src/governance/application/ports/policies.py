"""Ports of policies."""

from collections.abc import Sequence
from typing import Protocol

from governance.application.ports.recorded_decisions import RecordedDecision
from governance.domain.policies import CompiledPolicies
from governance.domain.policy import Policy, PolicyVersion
from governance.domain.policy_case import PolicyCase, Verdict
from governance.domain.policy_reading import PolicyReading


class PolicyRepository(Protocol):
    async def find(self, name: str) -> Policy | None: ...

    async def lock(self, name: str) -> Policy | None:
        """Return a policy, which no other transaction changes until this one ends."""

    async def version(self, policy: str, number: int) -> PolicyVersion | None: ...

    async def in_force(self) -> Sequence[tuple[Policy, PolicyVersion]]:
        """Return the policies that are enforced or shadowed, with the versions, by name."""

    def add(self, policy: Policy) -> None: ...

    def add_version(self, version: PolicyVersion) -> None: ...


class PolicyReader(Protocol):
    def read(self, cedar: str) -> PolicyReading:
        """Read one forbid. Raise InvalidValues, which says where the text is wrong."""


class TriedPolicies(Protocol):
    """Policies that are not in force."""

    def judge(self, case: PolicyCase) -> Verdict: ...

    def judge_again(self, recorded: RecordedDecision) -> Verdict:
        """Decide again what was decided, as of then."""


class PolicyLab(Protocol):
    def open(self, compiled: CompiledPolicies) -> TriedPolicies: ...

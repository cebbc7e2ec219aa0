"""Ports of policy bundles."""

from collections.abc import Sequence
from typing import Protocol

from governance.domain.policies import CompiledPolicies
from governance.domain.policy_bundle import PolicyBundle


class BundleRepository(Protocol):
    async def lock_latest(self) -> PolicyBundle | None:
        """Become the only publisher until the transaction ends, and return the bundle in force."""

    async def find(self, version: int) -> PolicyBundle | None: ...

    def add(self, bundle: PolicyBundle) -> None: ...


class PolicyChecker(Protocol):
    def check(self, compiled: CompiledPolicies) -> None:
        """Raise UnsoundPolicies unless every policy agrees with the schema."""

    def errors(self, policies: str, schema: str) -> Sequence[str]:
        """Say what of these policies does not agree with a schema."""

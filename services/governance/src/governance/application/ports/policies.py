from typing import Protocol

from governance.domain.policies import CompiledPolicies
from governance.domain.policy_bundle import PolicyBundle


class BundleRepository(Protocol):
    async def lock_latest(self) -> PolicyBundle | None:
        """Become the only publisher until the transaction ends, and return the bundle in force."""

    def add(self, bundle: PolicyBundle) -> None: ...


class PolicyChecker(Protocol):
    def check(self, compiled: CompiledPolicies) -> None:
        """Raise UnsoundPolicies unless every policy agrees with the schema."""

"""A policy checker that can also refuse sound policies."""

from collections.abc import Sequence
from dataclasses import dataclass

from governance.domain.errors import UnsoundPolicies
from governance.domain.policies import CompiledPolicies
from governance.infrastructure.policy_checker import CedarChecker


@dataclass
class FakeChecker:
    sound: bool = True

    def check(self, compiled: CompiledPolicies) -> None:
        CedarChecker().check(compiled)
        if not self.sound:
            raise UnsoundPolicies(policies=compiled.policies)

    def errors(self, policies: str, schema: str) -> Sequence[str]:
        return CedarChecker().errors(policies, schema)

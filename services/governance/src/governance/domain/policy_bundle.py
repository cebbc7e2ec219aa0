"""The published policies, as immutable and consecutive versions."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Self
from uuid import UUID

from governance.domain.events import PolicyBundlePublished
from governance.domain.policies import CompiledPolicies, PolicyInForce
from governance.domain.policy import PolicyMode
from kernel.events import Aggregate
from kernel.ids import new_id


@dataclass(eq=False)
class BundledPolicy:
    """A policy in a bundle, and how it is in force there."""

    bundle_version: int
    policy: str
    version: int
    mode: PolicyMode


@dataclass(eq=False)
class PolicyBundle(Aggregate):
    """One version of the policies and their schema; `digest` is the SHA-256 of all its text, in hex.

    `shadow` are policies that are evaluated and not enforced. `bundled` are the policies that people wrote, in either mode.
    """

    version: int
    id: UUID
    policies: str
    schema: str
    digest: str
    published_by: str
    published_at: datetime
    shadow: str = ""
    bundled: dict[str, BundledPolicy] = field(default_factory=dict)

    @property
    def compiled(self) -> CompiledPolicies:
        return CompiledPolicies(self.policies, self.schema, self.shadow)

    @classmethod
    def publish(
        cls,
        compiled: CompiledPolicies,
        *,
        previous: Self | None,
        by: str,
        at: datetime,
        policies: Sequence[PolicyInForce] = (),
    ) -> Self | None:
        """Create the next version. Return None if the compiled policies are in force already."""
        texts = [compiled.policies, compiled.schema, *filter(None, [compiled.shadow])]
        digest = sha256("\0".join(texts).encode()).hexdigest()
        if previous and previous.digest == digest:
            return None
        version = previous.version + 1 if previous else 1
        bundled = {
            each.version.policy: BundledPolicy(version, each.version.policy, each.version.number, each.mode) for each in policies
        }
        bundle = cls(version, new_id(), compiled.policies, compiled.schema, digest, by, at, compiled.shadow, bundled)
        bundle.announce(PolicyBundlePublished(occurred_at=at, bundle_id=bundle.id, version=version))
        return bundle

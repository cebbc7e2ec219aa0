"""The published policies, as immutable and consecutive versions."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Self
from uuid import UUID

from governance.domain.events import PolicyBundlePublished
from governance.domain.policies import CompiledPolicies
from kernel.events import Aggregate
from kernel.ids import new_id


@dataclass(eq=False)
class PolicyBundle(Aggregate):
    """One version of the policies and their schema; `digest` is the SHA-256 of both, in hex."""

    version: int
    id: UUID
    policies: str
    schema: str
    digest: str
    published_by: str
    published_at: datetime

    @classmethod
    def publish(cls, compiled: CompiledPolicies, *, previous: Self | None, by: str, at: datetime) -> Self | None:
        """Create the next version. Return None if the compiled policies are in force already."""
        digest = sha256(f"{compiled.policies}\0{compiled.schema}".encode()).hexdigest()
        if previous and previous.digest == digest:
            return None
        version = previous.version + 1 if previous else 1
        bundle = cls(version, new_id(), compiled.policies, compiled.schema, digest, by, at)
        bundle.announce(PolicyBundlePublished(occurred_at=at, bundle_id=bundle.id, version=version))
        return bundle

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, Self

from governance.domain.policy import Policy, PolicyMode, PolicyVersion
from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class PolicyView:
    """`revision` is compared with If-Match. `sentence` is that of the version in force, or of the latest if none is."""

    name: str
    description: str
    owner: str
    mode: PolicyMode
    version_in_force: int | None
    latest_version: int
    revision: int
    created_by: str
    created_at: datetime
    mode_since: datetime | None
    sentence: str

    @classmethod
    def of(cls, policy: Policy, *, sentence: str) -> Self:
        return cls(
            policy.name,
            policy.description,
            policy.owner,
            policy.mode,
            policy.version_in_force,
            policy.latest_version,
            policy.revision,
            policy.created_by,
            policy.created_at,
            policy.mode_since,
            sentence,
        )


@dataclass(frozen=True, slots=True)
class PolicyVersionView:
    policy: str
    number: int
    sentence: str
    cedar: str
    template: str | None
    parameters: Mapping[str, object] | None
    digest: str
    created_by: str
    created_at: datetime

    @classmethod
    def of(cls, version: PolicyVersion) -> Self:
        return cls(
            version.policy,
            version.number,
            version.sentence,
            version.cedar,
            version.template,
            version.parameters,
            version.digest,
            version.created_by,
            version.created_at,
        )


class PolicyViews(Protocol):
    async def policies(self, page: PageRequest, *, mode: PolicyMode | None, permission: str | None) -> Page[PolicyView]:
        """Page through policies, by name: of one mode, or about one permission in the version in force or the latest."""

    async def policy(self, name: str) -> PolicyView | None: ...

    async def versions(self, policy: str, page: PageRequest) -> Page[PolicyVersionView]:
        """Page through the versions of a policy, newest first."""

    async def version(self, policy: str, number: int) -> PolicyVersionView | None: ...

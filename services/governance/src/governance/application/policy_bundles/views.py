from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from governance.domain.policy import PolicyMode
from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class BundleView:
    version: int
    id: UUID
    digest: str
    published_by: str
    published_at: datetime


@dataclass(frozen=True, slots=True)
class BundledPolicyView:
    """A policy that people wrote, and how it is in force in a bundle."""

    policy: str
    version: int
    mode: PolicyMode


@dataclass(frozen=True, slots=True)
class BundleText:
    """A bundle with its policies and schema."""

    bundle: BundleView
    policies: str
    schema: str
    shadow: str
    bundled: tuple[BundledPolicyView, ...]


class PolicyBundleViews(Protocol):
    async def bundles(self, page: PageRequest) -> Page[BundleView]:
        """Page through all published bundles, newest first."""

    async def current_bundle(self) -> BundleText | None: ...

    async def bundle(self, version: int) -> BundleText | None: ...

    async def current_version(self) -> int:
        """Return the version in force, or 0 before the first bundle."""

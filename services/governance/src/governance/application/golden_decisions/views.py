from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, Self

from governance.domain.golden_decision import GoldenDecision
from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class GoldenDecisionView:
    name: str
    description: str
    permission: str
    roles: tuple[str, ...]
    attributes: Mapping[str, object]
    facts: Mapping[str, object]
    is_allowed: bool
    version: int

    @classmethod
    def of(cls, golden: GoldenDecision) -> Self:
        return cls(
            golden.name,
            golden.description,
            golden.permission,
            golden.roles,
            golden.attributes,
            golden.facts,
            golden.is_allowed,
            golden.version,
        )


class GoldenDecisionViews(Protocol):
    async def golden_decisions(self, page: PageRequest) -> Page[GoldenDecisionView]:
        """Page through golden decisions, by name."""

    async def golden_decision(self, name: str) -> GoldenDecisionView | None: ...

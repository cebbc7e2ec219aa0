from collections.abc import Sequence
from dataclasses import dataclass

from governance.domain.policy_templates import TEMPLATES, PolicyTemplate


@dataclass(frozen=True, slots=True)
class ListPolicyTemplates:
    """List the templates that a person can fill in."""

    async def __call__(self) -> Sequence[PolicyTemplate]:
        return list(TEMPLATES.values())

"""Questions to policies as data, for golden decisions, previews and replays."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

# A request at ten o'clock on a working day, from the internet, just after signing in with two factors. 2026-03-20 is a Friday.
USUAL: Final[Mapping[str, object]] = {
    "interactive": True,
    "now": "2026-03-20T08:00:00Z",
    "minute_of_day": 600,
    "weekday": 5,
    "public_holiday": False,
    "ip": "203.0.113.10",
    "two_factors": True,
    "minutes_since_sign_in": 0,
}
# Who asks, and for which organization.
SOMEBODY: Final = "00000000-0000-4000-8000-000000000001"
THEIR_ORGANIZATION: Final = "00000000-0000-4000-8000-0000000000aa"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyCase:
    """A person with these roles, and what they ask for.

    `facts` and `attributes` are plain values by name (decimals, addresses and times as text), `environment` those that differ
    from a usual request; None removes one.
    """

    action: str
    roles: frozenset[str]
    subject_id: str = SOMEBODY
    organization_id: str = ""
    resource_type: str = "platform"
    resource_id: str = "elcorp"
    attributes: Mapping[str, object] = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)
    environment: Mapping[str, object] = field(default_factory=dict)

    @property
    def full_environment(self) -> Mapping[str, object]:
        return {**USUAL, **self.environment}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a case is allowed, and the policies that decide."""

    allowed: bool
    policies: tuple[str, ...]


class PolicyJudge(Protocol):
    """Policies that can be asked."""

    def judge(self, case: PolicyCase) -> Verdict: ...

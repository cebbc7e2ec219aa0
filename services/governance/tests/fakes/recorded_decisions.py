"""The decision log of compliance in memory. The fake passes the suite of the adapter (contract/test_recorded_decisions.py)."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from governance.application.ports.recorded_decisions import RecordedDecision, ShadowDenials
from kernel.errors import Unavailable


@dataclass
class FakeRecordedDecisions:
    """`denied` has the denials of each shadow policy. With `away`, compliance does not answer.

    `meanwhile` happens once, while it is asked.
    """

    decisions: list[RecordedDecision] = field(default_factory=list)
    denied: dict[str, list[ShadowDenials]] = field(default_factory=dict)
    away: bool = False
    meanwhile: Callable[[], Awaitable[None]] | None = None

    async def latest(self, *, permissions: Collection[str], limit: int) -> Sequence[RecordedDecision]:
        self._require_there()
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            await meanwhile()
        found = [decision for decision in self.decisions if decision.permission in permissions]
        return sorted(found, key=lambda decision: decision.at, reverse=True)[:limit]

    async def shadow_denials(self, policy: str, *, since: datetime) -> Sequence[ShadowDenials]:
        self._require_there()
        found = [denials for denials in self.denied.get(policy, []) if denials.last_at >= since]
        return sorted(found, key=lambda denials: (-denials.decisions, denials.permission))

    def _require_there(self) -> None:
        if self.away:
            raise Unavailable(dependency="compliance")

import re
from dataclasses import dataclass
from typing import Final

from compliance.application.decisions.views import DecisionFilter, DecisionViews
from compliance.domain.decision import PolicyDecision
from kernel.actor import Actor
from kernel.pages import CursorPage, CursorRequest
from kernel.reads import ReadOfOthers, Reads, given

_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class ListPolicyDecisions:
    """Page through decisions. This is a search over the people who asked, so it is recorded."""

    decisions: DecisionViews
    reads: Reads

    async def __call__(
        self, *, actor: Actor, wanted: DecisionFilter, cursor: CursorRequest, reason: str
    ) -> CursorPage[PolicyDecision]:
        """Raise InvalidValue for a cursor of another list."""
        page = await self.decisions.decisions(wanted, cursor)
        people = {wanted.principal_id or "", *(each.principal_id for each in page.items if each.principal_kind == "user")}
        read = ReadOfOthers(
            action="compliance.decision.search",
            owners=sorted(each for each in people if _UUID.fullmatch(each) and each != actor.subject_id),
            filters=_filters(wanted),
            shown=len(page.items),
            reason=reason,
        )
        await self.reads.record(actor, read)
        return page


def _filters(wanted: DecisionFilter) -> dict[str, object]:
    # Where an id is expected, there may be a name.
    principal = wanted.principal_id
    return given(
        principal_id=principal if principal is None or _UUID.fullmatch(principal) else "given",
        permission=" ".join(wanted.permissions) if wanted.permissions else None,
        allowed=wanted.allowed,
        policy=wanted.policy,
        shadow_policy=wanted.shadow_policy,
        since=wanted.since,
        until=wanted.until,
    )

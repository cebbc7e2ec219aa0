"""The stages that a change of policies passes before it is approved."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from governance.application.policy_changes.proposal import Proposal
from governance.application.ports.policies import PolicyLab, TriedPolicies
from governance.application.ports.policy_bundles import PolicyChecker
from governance.application.ports.policy_changes import RoleHolders
from governance.application.ports.recorded_decisions import RecordedDecision, RecordedDecisions
from governance.domain.errors import PolicyLocksOut
from governance.domain.policy_case import PolicyCase
from governance.domain.policy_report import Comparison, PolicyReport, Replay
from governance.domain.role import INDISPENSABLE
from governance.domain.role_hierarchy import RoleHierarchy
from governance.domain.vocabulary import Vocabulary

# The latest decisions about the permissions concerned.
REPLAYED_MAX: Final = 2000


@dataclass(frozen=True, slots=True)
class AssessChange:
    """Validate, judge golden decisions, replay recorded ones, and compare every role: what approvers read."""

    checker: PolicyChecker
    lab: PolicyLab
    recorded: RecordedDecisions
    holders: RoleHolders
    vocabulary: Vocabulary

    async def __call__(self, proposal: Proposal) -> PolicyReport:
        """Raise UnsoundPolicies, PolicyLocksOut, or Unavailable if the decision log does not answer."""
        self.checker.check(proposal.after)
        permissions = {action for reading in proposal.readings for action in reading.actions}
        recorded = await self.recorded.latest(permissions=permissions, limit=REPLAYED_MAX)
        people = await self.holders.people_by_role()
        # Hundreds of decisions: other requests are served meanwhile.
        return await asyncio.to_thread(self._compare, proposal, people, recorded, permissions)

    def broken(self, proposal: Proposal) -> tuple[str, ...]:
        """Return the golden decisions that the proposed policies decide otherwise."""
        before, after = self.lab.open(proposal.before), self.lab.open(proposal.after)
        return Comparison(before, after, proposal.readings, self.vocabulary).broken(proposal.golden)

    def _compare(
        self, proposal: Proposal, people: Mapping[str, int], recorded: Sequence[RecordedDecision], permissions: Collection[str]
    ) -> PolicyReport:
        before, after = self.lab.open(proposal.before), self.lab.open(proposal.after)
        tried = self.lab.open(proposal.as_if_enforced)
        for permission in sorted(INDISPENSABLE.intersection(permissions)):
            _require_open(after, proposal.hierarchy, permission)
        comparison = Comparison(before, tried, proposal.readings, self.vocabulary)
        differences, is_partial = comparison.differences(people)
        return PolicyReport(
            bundle_version=proposal.bundle_version,
            differences=tuple(differences),
            broken=Comparison(before, after, proposal.readings, self.vocabulary).broken(proposal.golden),
            replay=_replay(before, tried, recorded),
            replayed=sum(each.count for each in recorded),
            is_partial=is_partial,
        )


def _require_open(after: TriedPolicies, hierarchy: RoleHierarchy, permission: str) -> None:
    """Raise PolicyLocksOut unless each role with the permission keeps it, just after a sign-in with two factors."""
    roles = hierarchy.permitting(permission)
    for names in (*(frozenset({name}) for name in sorted(roles)), roles):
        if names and not after.judge(PolicyCase(action=permission, roles=names)).allowed:
            raise PolicyLocksOut(permission=permission, role=min(names))


def _replay(before: TriedPolicies, after: TriedPolicies, recorded: Sequence[RecordedDecision]) -> tuple[Replay, ...]:
    changed: dict[tuple[str, str], list[tuple[RecordedDecision, tuple[str, ...]]]] = {}
    for each in recorded:
        # Compared with the policies in force, not with what was decided: the roles may have changed meanwhile.
        was, is_now = before.judge_again(each), after.judge_again(each)
        if was.allowed != is_now.allowed:
            key = each.permission, "loses" if was.allowed else "gains"
            changed.setdefault(key, []).append((each, is_now.policies))
    return tuple(
        Replay(
            permission=permission,
            effect=effect,
            decisions=sum(each.count for each, _ in found),
            people=len({each.subject_id for each, _ in found}),
            policies=tuple(sorted({name for _, policies in found for name in policies})),
        )
        for (permission, effect), found in sorted(changed.items())
    )

"""What a change of policies would do: who loses and gains what, which golden decisions break, and which recorded ones differ."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from governance.domain.golden_decision import GoldenDecision
from governance.domain.policy_case import THEIR_ORGANIZATION, PolicyCase, PolicyJudge, Verdict
from governance.domain.policy_reading import PolicyReading
from governance.domain.policy_situations import ALWAYS, SITUATIONS_MAX, Situation, in_words, situations
from governance.domain.vocabulary import Vocabulary

EXAMPLES_MAX: Final = 12
# Each is decided twice, in some 0.2 ms: a few seconds at most, for any number of policies, permissions and roles.
CASES_MAX: Final = 10_000


@dataclass(frozen=True, slots=True)
class Difference:
    """People with a role who lose or gain a permission in some situations. `policies` are those that decide after the change.

    `situations` describe when, the first of their number; "always" if it is so in all that the policies tell apart.
    """

    role: str
    people: int
    permission: str
    effect: str
    situations: tuple[str, ...]
    situation_count: int
    policies: tuple[str, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class Replay:
    """Recorded decisions about a permission that would differ: how often they were made, and for how many people."""

    permission: str
    effect: str
    decisions: int
    people: int
    policies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PolicyReport:
    """`bundle_version` are the policies that it compares with; `replayed` is the number of recorded decisions.

    `is_partial`: the policies tell apart more situations than were tried, or depend on persons, single resources, or what they
    make of facts (`like`, arithmetic, parts of times): the replay may show more.
    """

    bundle_version: int
    differences: tuple[Difference, ...]
    broken: tuple[str, ...]
    replay: tuple[Replay, ...]
    replayed: int
    is_partial: bool

    def as_json(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The policies before and after a change, and what changes among them."""

    before: PolicyJudge
    after: PolicyJudge
    readings: Sequence[PolicyReading]
    vocabulary: Vocabulary

    def differences(self, people: Mapping[str, int]) -> tuple[Sequence[Difference], bool]:
        """Compare for each role, with the number of people who have it, and for each action of the changed policies."""
        found: list[Difference] = []
        is_partial = any(reading.is_beyond_samples for reading in self.readings)
        actions = sorted({action for reading in self.readings for action in reading.actions})
        most = max(1, min(SITUATIONS_MAX, CASES_MAX // max(1, len(actions) * len(people))))
        for action in actions:
            tried, more = situations(action, self.readings, self.vocabulary, most=most)
            is_partial = is_partial or more
            for role in sorted(people):
                found += self._of_role(role, people[role], action, tried)
        return found, is_partial

    def broken(self, golden: Iterable[GoldenDecision]) -> tuple[str, ...]:
        """Name the golden decisions that the policies after the change decide otherwise."""
        return tuple(each.name for each in golden if self.after.judge(each.case(self.vocabulary)).allowed is not each.is_allowed)

    def _of_role(self, role: str, people: int, action: str, tried: Sequence[Situation]) -> Iterable[Difference]:
        changed: dict[str, dict[Situation, Verdict]] = {"loses": {}, "gains": {}}
        for situation in tried:
            case = self._case(role, action, situation)
            before, after = self.before.judge(case), self.after.judge(case)
            if before.allowed != after.allowed:
                changed["loses" if before.allowed else "gains"][situation] = after
        for effect, verdicts in changed.items():
            if verdicts:
                yield _difference(role, people, action, effect, verdicts, tried)

    def _case(self, role: str, action: str, situation: Situation) -> PolicyCase:
        return PolicyCase(
            action=action,
            roles=frozenset({role}),
            organization_id=THEIR_ORGANIZATION,
            resource_type=self.vocabulary.resource_type_of(action),
            resource_id="1",
            attributes=situation.attributes,
            facts=situation.facts,
            environment=situation.environment,
        )


def _difference(
    role: str, people: int, action: str, effect: str, verdicts: Mapping[Situation, Verdict], tried: Sequence[Situation]
) -> Difference:
    texts = in_words(list(verdicts), tried)
    who = f"{people:,} {'person' if people == 1 else 'people'} with the role {role}"
    verb = effect if people == 1 else effect.removesuffix("s")
    more = f"; and {len(texts) - EXAMPLES_MAX:,} more" if len(texts) > EXAMPLES_MAX else ""
    when = "" if texts == ALWAYS else f": {'; '.join(texts[:EXAMPLES_MAX])}{more}"
    return Difference(
        role=role,
        people=people,
        permission=action,
        effect=effect,
        situations=texts[:EXAMPLES_MAX],
        situation_count=len(texts),
        policies=tuple(sorted({name for verdict in verdicts.values() for name in verdict.policies})),
        sentence=f"{who} {verb} {action}{when}.",
    )

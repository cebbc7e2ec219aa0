from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from governance.application.evaluations.check_access import CheckAccess
from governance.application.ports.decisions import EVALUATE_ACCESS, Decisions
from governance.domain.access_question import AccessAnswer, AccessQuestion
from kernel.actor import Actor


class Semantic(StrEnum):
    """Which questions are answered: all, or those up to the first no, or up to the first yes."""

    EXECUTE_ALL = "execute_all"
    DENY_ON_FIRST_DENY = "deny_on_first_deny"
    PERMIT_ON_FIRST_PERMIT = "permit_on_first_permit"

    def ends_with(self, answer: AccessAnswer) -> bool:
        if self is Semantic.DENY_ON_FIRST_DENY:
            return not answer.allowed
        return self is Semantic.PERMIT_ON_FIRST_PERMIT and answer.allowed


@dataclass(frozen=True, slots=True)
class EvaluateAccessBatch:
    """Answer several questions of an application, in order. People may ask about themselves; others need `access:evaluate`."""

    decisions: Decisions
    check_access: CheckAccess

    async def __call__(
        self, *, actor: Actor, questions: Sequence[AccessQuestion], semantic: Semantic = Semantic.EXECUTE_ALL
    ) -> Sequence[AccessAnswer]:
        """Raise AccessDenied, or Unavailable."""
        require_own_or_permitted(self.decisions, actor, questions)
        if semantic is Semantic.EXECUTE_ALL:
            return disclosed(self.decisions, actor, await self.check_access(questions=questions))
        answers: list[AccessAnswer] = []
        for question in questions:
            answers += await self.check_access(questions=[question])
            if semantic.ends_with(answers[-1]):
                break
        return disclosed(self.decisions, actor, answers)


def require_own_or_permitted(decisions: Decisions, actor: Actor, questions: Sequence[AccessQuestion]) -> None:
    """Raise AccessDenied if a question is about another person and the caller may not ask about others."""
    is_own = all(question.subject_id == actor.subject_id for question in questions)
    if not is_own:
        decisions.require(actor, EVALUATE_ACCESS)


def disclosed(decisions: Decisions, actor: Actor, answers: Sequence[AccessAnswer]) -> Sequence[AccessAnswer]:
    """Return the answers as the caller may see them: policies are named to those who manage them."""
    if decisions.manages_policies(actor):
        return answers
    return [replace(answer, policies=None) for answer in answers]

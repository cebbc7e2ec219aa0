from dataclasses import dataclass

from governance.application.evaluations.check_access import CheckAccess
from governance.application.evaluations.evaluate_access_batch import disclosed, require_own_or_permitted
from governance.application.ports.decisions import Decisions
from governance.domain.access_question import AccessAnswer, AccessQuestion
from kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class EvaluateAccess:
    """Answer one question of an application. People may ask about themselves; others need `access:evaluate`."""

    decisions: Decisions
    check_access: CheckAccess

    async def __call__(self, *, actor: Actor, question: AccessQuestion) -> AccessAnswer:
        """Raise AccessDenied, or Unavailable."""
        require_own_or_permitted(self.decisions, actor, [question])
        [answer] = disclosed(self.decisions, actor, await self.check_access(questions=[question]))
        return answer

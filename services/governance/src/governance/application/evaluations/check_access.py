from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from governance.application.evaluations.views import KnownSubject, SubjectViews
from governance.application.ports.decisions import DecisionPoint
from governance.domain.access_question import USER, AccessAnswer, AccessQuestion
from governance.domain.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class CheckAccess:
    """Decide questions by the policies in force and the present roles of the people, each on record."""

    subjects: SubjectViews
    decision_point: DecisionPoint
    vocabulary: Vocabulary

    async def __call__(self, *, questions: Sequence[AccessQuestion]) -> Sequence[AccessAnswer]:
        """Return an answer for each question. Raise Unavailable if the policies in force are not known or too old."""
        ids = {found for question in questions if (found := _user_id(question))}
        known = await self.subjects.known(ids) if ids else {}
        return [self._answer(question, known.get(_user_id(question) or UUID(int=0))) for question in questions]

    def _answer(self, question: AccessQuestion, subject: KnownSubject | None) -> AccessAnswer:
        if subject is None:
            return AccessAnswer(allowed=False, problem="unknown subject")
        if not subject.is_able:
            return AccessAnswer(allowed=False, problem="the subject is suspended or closed")
        if problem := question.problem(self.vocabulary):
            return AccessAnswer(allowed=False, problem=problem)
        return self.decision_point.decide(question, subject.roles)


def _user_id(question: AccessQuestion) -> UUID | None:
    if question.subject_type != USER:
        return None
    try:
        return UUID(question.subject_id)
    except ValueError:
        return None

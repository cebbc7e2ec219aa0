from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from identity.application.notices import audit
from identity.application.notices.catalogue import DIGEST_TEXTS
from identity.application.notices.templates import NoticeText, find_template
from identity.application.ports.notices import NoticeBook, NoticeRecipient
from identity.application.ports.unit_of_work import Transaction, UnitOfWork
from identity.domain.message import Template
from identity.domain.notice import MailedAs, Notice, may_be_informed
from identity.domain.notice_preferences import NoticePreferences
from kernel.actor import Actor
from kernel.clock import Clock

PEOPLE_A_RUN_MAX: Final = 500
# In one mail. It says how many more there are.
DIGEST_NOTICES_MAX: Final = 50
DUE_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class SendDueMail:
    """Send the mails that waited for the end of quiet hours or for a digest: one notice by itself, several as one list.

    Each person is one transaction. Notices that were read meanwhile are left out.
    """

    uow: UnitOfWork
    book: NoticeBook
    clock: Clock

    async def __call__(self, *, limit: int = PEOPLE_A_RUN_MAX) -> int:
        """Return how many people got a mail."""
        at = self.clock.now()
        return sum([await self._send(user_id) for user_id in await self.book.people_with_due_mail(at, limit=limit)])

    async def _send(self, user_id: UUID) -> bool:
        at = self.clock.now()
        async with self.uow.begin(Actor.service("identity")) as tx:
            # The lock of the person's notices comes first: a concurrent run waits here and then finds none due.
            found = await tx.notices.recipients([user_id], at=at)
            due = await tx.notices.lock_due(user_id, at, limit=DUE_MAX)
            if not due:
                return False
            wanted = [notice for notice in due if found and _is_wanted(notice, found[0])]
            if wanted:
                await self._mail(tx, wanted, found[0].preferences)
            mailed_as = MailedAs.DIGEST if len(wanted) > 1 else MailedAs.NOTICE
            for notice in due:
                notice.settle_mail(mailed_as if notice in wanted else None, at=at)
            tx.record(audit.notices_mailed(user_id, mailed=len(wanted), dropped=len(due) - len(wanted), at=at))
            return bool(wanted)

    async def _mail(self, tx: Transaction, wanted: Sequence[Notice], preferences: NoticePreferences) -> None:
        rendered = [await _rendered(tx, notice, preferences) for notice in wanted[:DIGEST_NOTICES_MAX]]
        if len(wanted) == 1:
            await tx.messages.send(wanted[0].user_id, Template.NOTICE, subject=rendered[0].title, text=rendered[0].text)
            return
        subject, first, more = DIGEST_TEXTS[preferences.language]
        lines = [first, *(f"- {each.title}\n  {each.text}" for each in rendered)]
        if len(wanted) > DIGEST_NOTICES_MAX:
            lines.append(more.format(count=len(wanted) - DIGEST_NOTICES_MAX))
        await tx.messages.send(
            wanted[0].user_id, Template.NOTICE_DIGEST, subject=subject.format(count=len(wanted)), text="\n\n".join(lines)
        )


def _is_wanted(notice: Notice, person: NoticeRecipient) -> bool:
    return notice.read_at is None and may_be_informed(person.status, notice.group) and person.preferences.mails(notice.group)


async def _rendered(tx: Transaction, notice: Notice, preferences: NoticePreferences) -> NoticeText:
    facts = dict(await tx.notices.facts_of(notice))
    if notice.withheld:
        facts["count"] = notice.withheld
    return find_template(notice.template).render(facts, preferences.language)

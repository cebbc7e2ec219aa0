"""The templates of notices: their group, the facts that they take, and their texts by language.

Facts come from other services and from people. They are inserted as plain text: never parsed, never markup, and on one line.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from identity.application.notices import own_templates
from identity.application.notices.catalogue import TEXTS, TemplateText
from identity.domain.errors import UnknownTemplate, WrongFacts
from identity.domain.notice import NoticeGroup, NoticeLanguage

_SEPARATORS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
TITLE_LENGTH_MAX: Final = 120


@dataclass(frozen=True, slots=True)
class NoticeText:
    """A notice as a person reads it. `link` is a path of the app."""

    title: str
    text: str
    link: str


@dataclass(frozen=True, slots=True)
class NoticeTemplate:
    """`is_for_addresses`: it goes to an address without an account, and to nobody else."""

    name: str
    group: NoticeGroup
    facts: frozenset[str]
    texts: Mapping[NoticeLanguage, TemplateText]
    link: str = "/notices"
    is_for_addresses: bool = False
    # Facts that are shown on lines of their own, below the text.
    lists_facts: bool = False

    def require(self, facts: Mapping[str, str]) -> None:
        """Raise WrongFacts unless these are the facts that the template takes."""
        if set(facts) != self.facts:
            missing, unknown = sorted(self.facts - set(facts)), sorted(set(facts) - self.facts)
            raise WrongFacts(template=self.name, missing=missing, unknown=unknown)

    def render(self, facts: Mapping[str, str | int], language: NoticeLanguage) -> NoticeText:
        text = self.texts.get(language) or self.texts[NoticeLanguage.ENGLISH]
        lines = {name: one_line(str(value)) for name, value in facts.items()}
        body = text.text.format_map(lines)
        if self.lists_facts and lines:
            body = "\n".join([body, *(own_templates.line(name, value) for name, value in lines.items())])
        in_path = {name: quote(value, safe="") for name, value in lines.items()}
        return NoticeText(text.title.format_map(lines)[:TITLE_LENGTH_MAX], body, self.link.format_map(in_path))


def one_line(text: str) -> str:
    """Return a text without control characters, line separators and changes of direction, each replaced by a space."""
    return _SEPARATORS.sub(" ", text)


def find_template(name: str) -> NoticeTemplate:
    """Raise UnknownTemplate."""
    template = TEMPLATES.get(name)
    if template is None:
        raise UnknownTemplate(template=name)
    return template


_REVIEW: Final = "/access/reviews/{review_id}"
_REVIEW_TO_DECIDE: Final = frozenset({"review_id", "title", "lines", "deadline"})
_GIVEN: Final = (
    NoticeTemplate(
        "payments.planned_transfer_refused",
        NoticeGroup.PAYMENTS,
        frozenset({"amount", "due_on", "reason", "schedule_id"}),
        TEXTS["payments.planned_transfer_refused"],
        link="/transfers/schedules/{schedule_id}",
    ),
    NoticeTemplate(
        "payments.approval_needed",
        NoticeGroup.APPROVALS,
        frozenset({"amount", "expires_at", "transfer_id"}),
        TEXTS["payments.approval_needed"],
        link="/transfers/{transfer_id}",
    ),
    NoticeTemplate(
        "payments.file_approval_needed",
        NoticeGroup.APPROVALS,
        frozenset({"amount", "bulk_id", "expires_at", "lines"}),
        TEXTS["payments.file_approval_needed"],
        link="/transfers/bulk/{bulk_id}",
    ),
    NoticeTemplate(
        "governance.access_review_asked",
        NoticeGroup.APPROVALS,
        _REVIEW_TO_DECIDE,
        TEXTS["governance.access_review_asked"],
        link=_REVIEW,
    ),
    NoticeTemplate(
        "governance.access_review_reminder",
        NoticeGroup.APPROVALS,
        _REVIEW_TO_DECIDE,
        TEXTS["governance.access_review_reminder"],
        link=_REVIEW,
    ),
    NoticeTemplate(
        "governance.access_review_completed",
        NoticeGroup.APPROVALS,
        frozenset({"review_id", "title", "kept", "withdrawn", "retained", "ended"}),
        TEXTS["governance.access_review_completed"],
        link=_REVIEW,
    ),
    NoticeTemplate(
        "governance.access_review_cancelled",
        NoticeGroup.APPROVALS,
        frozenset({"review_id", "title", "reason"}),
        TEXTS["governance.access_review_cancelled"],
        link=_REVIEW,
    ),
    NoticeTemplate("governance.role_withdrawn", NoticeGroup.SECURITY, frozenset({"role"}), TEXTS["governance.role_withdrawn"]),
    NoticeTemplate("system.notices_withheld", NoticeGroup.SYSTEM, frozenset({"count"}), TEXTS["system.notices_withheld"]),
    NoticeTemplate(
        "governance.invitation",
        NoticeGroup.SYSTEM,
        frozenset({"organization", "code"}),
        TEXTS["governance.invitation"],
        is_for_addresses=True,
    ),
)
_OWN: Final = (
    NoticeTemplate(
        own.name,
        NoticeGroup.SECURITY,
        own.facts,
        {NoticeLanguage.ENGLISH: TemplateText(own.title, own.text)},
        link="/security",
        lists_facts=True,
    )
    for own in own_templates.OWN.values()
)
TEMPLATES: Final[Mapping[str, NoticeTemplate]] = {template.name: template for template in (*_GIVEN, *_OWN)}

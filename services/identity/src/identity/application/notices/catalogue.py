"""The texts of notices by template and language. English is required; it stands in for languages that a text lacks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from identity.domain.notice import NoticeLanguage

_EN, _AF = NoticeLanguage.ENGLISH, NoticeLanguage.AFRIKAANS


@dataclass(frozen=True, slots=True)
class TemplateText:
    """`{amount}` stands for the fact with this name."""

    title: str
    text: str


TEXTS: Final[Mapping[str, Mapping[NoticeLanguage, TemplateText]]] = {
    "payments.planned_transfer_refused": {
        _EN: TemplateText(
            "A planned transfer was not made",
            "Your planned transfer of {amount}, due on {due_on}, was not made. Reason: {reason}",
        ),
        _AF: TemplateText(
            "'n Beplande oorplasing is nie gedoen nie",
            "Jou beplande oorplasing van {amount}, betaalbaar op {due_on}, is nie gedoen nie. Rede: {reason}",
        ),
    },
    "payments.approval_needed": {
        _EN: TemplateText(
            "A payment awaits approval",
            "A payment of {amount} awaits a decision. Without one, it is cancelled at {expires_at}.",
        ),
        _AF: TemplateText(
            "'n Betaling wag op goedkeuring",
            "'n Betaling van {amount} wag op 'n besluit. Sonder 'n besluit word dit om {expires_at} gekanselleer.",
        ),
    },
    "payments.file_approval_needed": {
        _EN: TemplateText(
            "A file of payments awaits approval",
            "A file of {lines} payments, {amount} in all, awaits a decision. Without one, it is cancelled at {expires_at}.",
        ),
        _AF: TemplateText(
            "'n Lêer van betalings wag op goedkeuring",
            "'n Lêer van {lines} betalings, altesaam {amount}, wag op 'n besluit. Sonder 'n besluit word dit om {expires_at}"
            " gekanselleer.",
        ),
    },
    "governance.access_review_asked": {
        _EN: TemplateText(
            "Confirm who has access",
            "{title}: please decide by {deadline} which roles your people keep, as their manager or administrator."
            " Roles to decide: {lines}. What nobody keeps by then is withdrawn.",
        ),
        _AF: TemplateText(
            "Bevestig wie toegang het",
            "{title}: besluit asseblief voor {deadline} watter rolle jou mense behou, as hul bestuurder of administrateur. Rolle"
            " om oor te besluit: {lines}. Wat niemand teen dan behou nie, word onttrek.",
        ),
    },
    "governance.access_review_reminder": {
        _EN: TemplateText(
            "Reminder: confirm who has access",
            "{title}: roles that still await your decision: {lines}. What nobody keeps by {deadline} is withdrawn.",
        ),
        _AF: TemplateText(
            "Herinnering: bevestig wie toegang het",
            "{title}: rolle wat nog op jou besluit wag: {lines}. Wat niemand teen {deadline} behou nie, word onttrek.",
        ),
    },
    "governance.access_review_completed": {
        _EN: TemplateText(
            "An access review has ended",
            "{title} has ended. Roles kept: {kept}; withdrawn: {withdrawn}; ended before: {ended}; not kept, but not withdrawn,"
            " because nobody else could manage what they are for: {retained}. The signed report is available.",
        ),
        _AF: TemplateText(
            "'n Toegangsoorsig is afgehandel",
            "{title} is afgehandel. Rolle behou: {kept}; onttrek: {withdrawn}; voorheen beëindig: {ended}; nie behou nie, maar"
            " ook nie onttrek nie, omdat niemand anders sou kon bestuur nie: {retained}. Die ondertekende verslag is beskikbaar.",
        ),
    },
    "governance.access_review_cancelled": {
        _EN: TemplateText(
            "An access review was cancelled",
            "{title}, which you started, was cancelled by another administrator. Reason: {reason}",
        ),
        _AF: TemplateText(
            "'n Toegangsoorsig is gekanselleer",
            "{title}, wat jy begin het, is deur 'n ander administrateur gekanselleer. Rede: {reason}",
        ),
    },
    "governance.role_withdrawn": {
        _EN: TemplateText(
            "Your role was withdrawn",
            "Your role {role} was withdrawn in an access review. If you need it, ask your manager or administrator.",
        ),
        _AF: TemplateText(
            "'n Rol van jou is onttrek",
            "Jou rol {role} is in 'n toegangsoorsig onttrek. As jy dit nodig het, vra jou bestuurder of administrateur.",
        ),
    },
    "system.notices_withheld": {
        _EN: TemplateText("Many notices within an hour", "{count} further notices of the hour were not kept one by one."),
        _AF: TemplateText(
            "Baie kennisgewings in een uur", "{count} verdere kennisgewings van die uur is nie een vir een bewaar nie."
        ),
    },
    "governance.invitation": {
        _EN: TemplateText(
            "You are invited to an organization",
            "{organization} invites you to join it on Elcorp. Register or sign in, and enter this code: {code}\n\n"
            "If you do not expect an invitation, ignore this message: nothing happens without the code.",
        ),
    },
}

# The frame of a mail that lists several notices: the subject, the first line, and the last line if there are more.
DIGEST_TEXTS: Final[Mapping[NoticeLanguage, tuple[str, str, str]]] = {
    _EN: ("{count} notices for you", "These notices wait for you in Elcorp:", "There are {count} more."),
    _AF: ("{count} kennisgewings vir jou", "Hierdie kennisgewings wag vir jou in Elcorp:", "Daar is nog {count}."),
}

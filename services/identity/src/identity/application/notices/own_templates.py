"""Identity's own notices: the messages about changes of an account that its owner also reads in the app."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from identity.application.messages.texts import line, text_of
from identity.domain.message import Template

__all__ = ["OWN", "OwnTemplate", "line"]


@dataclass(frozen=True, slots=True)
class OwnTemplate:
    """`facts` are those that are shown. The link that undoes a change of address, for example, goes only to the mailbox."""

    template: Template
    title: str
    text: str
    facts: frozenset[str]

    @property
    def name(self) -> str:
        return own_name(self.template)


def own_name(template: Template) -> str:
    return f"identity.{template.value}"


# Messages about a closed account are missing: their recipient cannot sign in to read them.
_SHOWN: Final[Mapping[Template, frozenset[str]]] = {
    Template.NEW_DEVICE: frozenset({"time", "address"}),
    Template.PASSWORD_CHANGED: frozenset(),
    Template.PASSWORD_RESET_REQUIRED: frozenset(),
    Template.FACTOR_ADDED: frozenset({"factor"}),
    Template.FACTOR_REMOVED: frozenset({"factor"}),
    Template.BACKUP_CODES_RENEWED: frozenset(),
    Template.SESSION_COMPROMISED: frozenset(),
    Template.RECOVERY_DECIDED: frozenset({"decision"}),
    Template.EMAIL_CHANGED: frozenset(),
    Template.EMAIL_RESTORED: frozenset(),
    Template.PHONE_CHANGED: frozenset(),
    Template.PHONE_REMOVED: frozenset(),
    Template.DEVICE_KEY_ADDED: frozenset(),
    Template.DATA_EXPORTED: frozenset(),
    Template.ACCOUNT_ACTIVATED: frozenset(),
    Template.ACCOUNT_RESTORED: frozenset(),
}
_ANOTHER_TEXT: Final = {
    Template.EMAIL_CHANGED: (
        "The e-mail address of your account was changed. If this was not you, open the link that we sent to the former address, "
        "and contact Elcorp."
    )
}


def _own(template: Template, facts: frozenset[str]) -> OwnTemplate:
    title, text = text_of(template)
    return OwnTemplate(template, title, _ANOTHER_TEXT.get(template, text), facts)


OWN: Final[Mapping[Template, OwnTemplate]] = {template: _own(template, facts) for template, facts in _SHOWN.items()}

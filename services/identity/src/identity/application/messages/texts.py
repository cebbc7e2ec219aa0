"""The texts of messages: what happened, and what to do if it was not you. Facts follow, one per line."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from identity.application.messages.views import MessageContent
from identity.domain.message import Channel, Letter, Template

_NOT_YOU: Final = "If this was not you, change your password immediately and contact Elcorp."
_IGNORE: Final = "If you did not request it, ignore this message: nothing happens without the code."
# Facts whose names or values mean nothing to the recipient. The stored facts keep them.
_LABELS: Final = {"address": "IP address", "erasure": "Reference"}
_FACTORS: Final = {"totp": "Authenticator app", "passkey": "Passkey"}

# Subject and text. A decoy has no text: it is never sent.
_TEXTS: Final[Mapping[Template, tuple[str, str]]] = {
    Template.VERIFY_EMAIL: ("Confirm your e-mail address", f"Enter this code to confirm your e-mail address. {_IGNORE}"),
    Template.VERIFY_PHONE: (
        "Confirm your telephone number",
        "Enter this code to confirm your number. Never share it with anyone.",
    ),
    Template.ALREADY_REGISTERED: (
        "You already have an account",
        (
            "Someone tried to register with this e-mail address, but you already have an account. If it was you, sign in or "
            "reset your password. If it was not you, you do not need to do anything."
        ),
    ),
    Template.REGISTRATION_CLASHED: (
        "We could not complete your registration",
        (
            "We could not complete your registration with the details that you gave. Register again with other details, or "
            "contact Elcorp."
        ),
    ),
    Template.ACCOUNT_CREATED: (
        "An account was created for you",
        "Elcorp created an account for you. To choose your password, request a password reset with this e-mail address.",
    ),
    Template.NEW_DEVICE: ("A new device signed in", f"Your account was used from a new device. {_NOT_YOU}"),
    Template.PASSWORD_CHANGED: (
        "Your password was changed",
        (
            "Your password was changed. All other sessions were ended. If this was not you, reset your password immediately and "
            "contact Elcorp."
        ),
    ),
    Template.PASSWORD_RESET: (
        "Reset your password",
        (
            "Open the link below within ten minutes to choose a new password. The link works once. If you did not request it, "
            "ignore this message: your password stays the same."
        ),
    ),
    Template.PASSWORD_RESET_REQUIRED: (
        "Choose a new password",
        (
            "Elcorp ended your sessions and disabled your password. To choose a new one, request a password reset with this "
            "e-mail address."
        ),
    ),
    Template.FACTOR_ADDED: ("A second factor was added", f"A second factor was added to your account. {_NOT_YOU}"),
    Template.FACTOR_REMOVED: ("A second factor was removed", f"A second factor was removed from your account. {_NOT_YOU}"),
    Template.BACKUP_CODES_RENEWED: (
        "Your backup codes were renewed",
        f"New backup codes were created for your account. The previous codes no longer work. {_NOT_YOU}",
    ),
    Template.SESSION_COMPROMISED: (
        "One of your sessions was ended to protect you",
        (
            "Someone may have copied the sign-in of one of your devices, so we ended that session. Change your password "
            "immediately and contact Elcorp."
        ),
    ),
    Template.RECOVERY_REQUESTED: (
        "Recovery of your account was requested",
        (
            "Someone entered your password and requested to recover your account without its second factor. If it was you, enter "
            "the code below on the page where you requested it; another person then decides. If it was not you, someone else "
            "knows your password. Sign in with your second factor: this ends the request. Then change your password and contact "
            "Elcorp. Never share the code, not even with Elcorp."
        ),
    ),
    Template.RECOVERY_DECIDED: (
        "Recovery of your account was decided",
        (
            "A decision was made on the request to recover your account; it is below. If it was approved, your second factors "
            "were removed and your sessions ended: sign in with your password. If you did not make the request, contact Elcorp "
            "immediately."
        ),
    ),
    Template.EMAIL_CHANGED: (
        "Your e-mail address was changed",
        (
            "The e-mail address of your account was changed, and messages now go to the new address. If this was not you, open "
            "the link below within 72 hours and enter the password that you had before the change. This restores your address, "
            "ends all sessions and disables that password. Contact Elcorp as well."
        ),
    ),
    Template.EMAIL_RESTORED: (
        "The change of your e-mail address was undone",
        (
            "The change of your account's e-mail address was undone by the link sent to the former address. Messages go to that "
            "address again. If this was not you, contact Elcorp immediately."
        ),
    ),
    Template.PHONE_CHANGED: (
        "Your telephone number was changed",
        f"The telephone number of your account was changed. {_NOT_YOU}",
    ),
    Template.PHONE_REMOVED: (
        "Your telephone number was removed",
        (
            "The telephone number of your account was never confirmed and has been removed. You can enter a number in your "
            "account and confirm it with the code that we send to it."
        ),
    ),
    Template.DEVICE_KEY_ADDED: ("A signing key was added", f"A key that signs transfers was added to your account. {_NOT_YOU}"),
    Template.DATA_EXPORTED: ("Your data was exported", f"A copy of your account data was exported. {_NOT_YOU}"),
    Template.ACCOUNT_SUSPENDED: ("Your account was suspended", "Your account was suspended. Contact Elcorp to learn the reason."),
    Template.ACCOUNT_ACTIVATED: ("Your account is active again", "You can sign in to your account again."),
    Template.ACCOUNT_DELETED: (
        "Your account was closed",
        "Your account was closed. If this was not you, contact Elcorp immediately.",
    ),
    Template.ACCOUNT_RESTORED: (
        "Your account was restored",
        "Your account was restored. If it was suspended before it was closed, it is suspended now.",
    ),
    Template.ERASURE_REQUESTED: (
        "Your data will be erased",
        (
            "Your account was closed. The personal data that we hold about you will be erased as soon as the law allows it. "
            "You can follow the erasure, and download its receipt, with the reference below. If this was not you, contact Elcorp "
            "at once."
        ),
    ),
    Template.ERASED: ("Your data was erased", "The personal data that we held about you was erased as requested."),
}


# Written when they are queued, in the recipient's language.
_WRITTEN: Final = frozenset({Template.NOTICE, Template.NOTICE_DIGEST})


def text_of(template: Template) -> tuple[str, str]:
    """Return the subject and the text of a message."""
    return _TEXTS[template]


def letter(content: MessageContent) -> Letter:
    """Return a message as it is sent: subject, text and facts."""
    if content.template in _WRITTEN:
        return written_letter(content.id, content.to, subject=str(content.facts["subject"]), text=str(content.facts["text"]))
    subject, text = _TEXTS[content.template]
    channel = content.template.channel
    facts = "\n".join(line(name, value) for name, value in content.facts.items())
    if channel is Channel.SMS:
        return Letter(content.id, channel, content.to, subject, f"Elcorp: {text} {facts}".strip())
    body = f"{text}\n\n{facts}\n" if facts else f"{text}\n"
    return Letter(content.id, channel, content.to, f"Elcorp: {subject}", f"{body}\nElcorp Namibia\n")


def written_letter(letter_id: UUID, to: str, *, subject: str, text: str) -> Letter:
    """Return the mail of a notice."""
    return Letter(letter_id, Channel.EMAIL, to, f"Elcorp: {subject}", f"{text}\n\nElcorp Namibia\n")


def line(name: str, value: str | int) -> str:
    """Return a fact as one line, with a label that people understand."""
    label = _LABELS.get(name) or name.replace("_", " ").capitalize()
    return f"{label}: {_FACTORS.get(str(value), value) if name == 'factor' else value}"

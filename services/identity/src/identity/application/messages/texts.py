"""What messages say. Each says what happened and what to do if it was not you; facts follow, one a line."""

from collections.abc import Mapping
from typing import Final

from identity.application.messages.views import MessageContent
from identity.domain.message import Channel, Letter, Template

_NOT_YOU: Final = "If this was not you, change your password at once and tell Elcorp."
_IGNORE: Final = "If you did not request this, ignore this message: without the code nothing happens."

# Subject, text. A decoy has none: it is never sent.
_TEXTS: Final[Mapping[Template, tuple[str, str]]] = {
    Template.VERIFY_EMAIL: ("Confirm your e-mail address", f"Enter this code to confirm your e-mail address. {_IGNORE}"),
    Template.VERIFY_PHONE: (
        "Confirm your telephone number",
        "Enter this code to confirm your number. Never share it with anyone.",
    ),
    Template.ALREADY_REGISTERED: (
        "You already have an account",
        (
            "Somebody, perhaps you, tried to register with this e-mail address. You have an account: sign in, or reset your "
            "password. If it was not you, there is nothing to do."
        ),
    ),
    Template.REGISTRATION_CLASHED: (
        "We could not complete your registration",
        (
            "We could not complete your registration with the details that you gave. Register again with others, or ask Elcorp "
            "for help."
        ),
    ),
    Template.ACCOUNT_CREATED: (
        "An account was made for you",
        "Elcorp made an account for you. Choose your password by asking for a password reset with this e-mail address.",
    ),
    Template.NEW_DEVICE: ("A new device signed in", f"Your account was used from a device that we had not seen. {_NOT_YOU}"),
    Template.PASSWORD_CHANGED: (
        "Your password was changed",
        (
            "The password of your account was changed, and your other sessions were ended. If this was not you, reset your "
            "password at once and tell Elcorp."
        ),
    ),
    Template.PASSWORD_RESET: (
        "Reset your password",
        (
            "Use this within ten minutes to choose a new password; it works once. If you did not ask for it, ignore it: your "
            "password stays as it is."
        ),
    ),
    Template.PASSWORD_RESET_REQUIRED: (
        "Choose a new password",
        (
            "Elcorp has ended your sessions and retired your password. Choose a new one by asking for a password reset with "
            "this e-mail address."
        ),
    ),
    Template.FACTOR_ADDED: ("A second factor was added", f"A second factor was added to your account. {_NOT_YOU}"),
    Template.FACTOR_REMOVED: ("A second factor was removed", f"A second factor was removed from your account. {_NOT_YOU}"),
    Template.BACKUP_CODES_RENEWED: (
        "Your backup codes were renewed",
        f"New backup codes were made for your account; the old ones are void. {_NOT_YOU}",
    ),
    Template.SESSION_COMPROMISED: (
        "A session was ended for your safety",
        f"A token of one of your sessions was used twice, as a stolen one would be, so we ended that session. {_NOT_YOU}",
    ),
    Template.RECOVERY_REQUESTED: (
        "Recovery of your account was requested",
        (
            "Somebody, perhaps you, entered your password and asked to recover your account without its second factor. If it was "
            "you, enter the code below where you asked; another person then decides. If it was not you, share the code with "
            "nobody, not even with Elcorp. Sign in with your second factor, which ends the request, and change your password at "
            "once, because somebody else knows it. Then tell Elcorp."
        ),
    ),
    Template.RECOVERY_DECIDED: ("Recovery of your account was decided", "The request to recover your account was decided."),
    Template.EMAIL_CHANGED: (
        "Your e-mail address was changed",
        (
            "The e-mail address of your account was changed; messages go to the new one from now on. If this was not you, open "
            "the link within 72 hours and enter your password: it restores this address, ends all sessions and asks for a new "
            "password. Tell Elcorp as well."
        ),
    ),
    Template.EMAIL_RESTORED: (
        "The change of your e-mail address was undone",
        (
            "The change of your account's e-mail address was undone from its former mailbox; messages go there again. "
            "If this was not you, tell Elcorp at once."
        ),
    ),
    Template.PHONE_CHANGED: ("Your telephone number was changed", f"The number of your account was changed. {_NOT_YOU}"),
    Template.PHONE_REMOVED: (
        "Your telephone number was removed",
        (
            "The telephone number of your account was never confirmed, and has been removed. You can enter a number in your "
            "account and confirm it with the code that we send to it."
        ),
    ),
    Template.DEVICE_KEY_ADDED: ("A signing key was added", f"A key that signs transfers was added to your account. {_NOT_YOU}"),
    Template.DATA_EXPORTED: ("Your data was exported", f"All data held about you was exported. {_NOT_YOU}"),
    Template.ACCOUNT_SUSPENDED: ("Your account was suspended", "Your account was suspended. Ask Elcorp for the reason."),
    Template.ACCOUNT_ACTIVATED: ("Your account is active again", "You can sign in to your account again."),
    Template.ACCOUNT_DELETED: ("Your account was closed", "Your account was closed. If this was not you, tell Elcorp at once."),
    Template.ACCOUNT_RESTORED: (
        "Your account was restored",
        "Your account was restored. If it was suspended before it was closed, it is suspended now.",
    ),
    Template.ERASURE_REQUESTED: (
        "Your data will be erased",
        (
            "Your account was closed, and the personal data that we hold about you is erased as soon as the law allows it. "
            "You can follow the erasure, and download its receipt, with the reference below. If this was not you, tell Elcorp "
            "at once."
        ),
    ),
    Template.ERASED: ("Your data was erased", "The personal data that we held about you was erased, as you asked."),
}


def letter(content: MessageContent) -> Letter:
    """Write a message out."""
    subject, text = _TEXTS[content.template]
    channel = content.template.channel
    facts = "\n".join(f"{name.replace('_', ' ').capitalize()}: {value}" for name, value in content.facts.items())
    if channel is Channel.SMS:
        return Letter(content.id, channel, content.to, subject, f"Elcorp: {text} {facts}".strip())
    body = f"{text}\n\n{facts}\n" if facts else f"{text}\n"
    return Letter(content.id, channel, content.to, f"Elcorp: {subject}", f"{body}\nElcorp Namibia\n")

"""The texts of messages."""

from uuid import uuid4

import pytest

from chassis.testing.clocks import ControlledClock
from identity.application.messages.texts import letter
from identity.application.messages.views import MessageContent
from identity.domain.message import Channel, Template

# Notices carry their text as facts (test_notices.py).
OF_NOTICES = {Template.NOTICE, Template.NOTICE_DIGEST}
# Everything else that is sent: every template but the decoy.
SENT = tuple(template for template in Template if template not in {Template.DECOY, *OF_NOTICES})
USER = uuid4()


@pytest.mark.parametrize("template", SENT)
def test_every_template_has_a_text_and_shows_its_facts(template: Template, clock: ControlledClock) -> None:
    written = letter(MessageContent(uuid4(), USER, template, "anna@example.na", {"reset_link": "https://x"}, clock.now()))
    assert written.channel is template.channel
    assert "Reset link: https://x" in written.text
    assert (len(written.text) <= 160) if written.channel is Channel.SMS else ("\n" not in written.subject)
    assert "anna" not in repr(written)


@pytest.mark.parametrize(
    ("template", "facts", "line"),
    [
        (Template.FACTOR_ADDED, {"factor": "totp"}, "Factor: Authenticator app"),
        (Template.FACTOR_REMOVED, {"factor": "passkey"}, "Factor: Passkey"),
        (Template.NEW_DEVICE, {"address": "198.51.100.7"}, "IP address: 198.51.100.7"),
        (Template.ERASURE_REQUESTED, {"erasure": "0198a1f0"}, "Reference: 0198a1f0"),
    ],
    ids=str,
)
def test_facts_are_printed_in_words_that_the_recipient_knows(
    template: Template, facts: dict[str, str | int], line: str, clock: ControlledClock
) -> None:
    text = letter(MessageContent(uuid4(), USER, template, "anna@example.na", facts, clock.now())).text
    assert line in text.splitlines()


def test_no_two_templates_have_the_same_text(clock: ControlledClock) -> None:
    letters = [letter(MessageContent(uuid4(), USER, template, "anna@example.na", {}, clock.now())) for template in SENT]
    for said in ({each.subject for each in letters}, {each.text for each in letters}):
        assert len(said) == len(SENT)


@pytest.mark.parametrize(
    ("template", "words"),
    [
        (Template.ACCOUNT_SUSPENDED, "suspended"),
        (Template.ACCOUNT_ACTIVATED, "sign in to your account again"),
        (Template.ACCOUNT_DELETED, "closed"),
        (Template.ACCOUNT_RESTORED, "restored"),
        (Template.FACTOR_ADDED, "factor was added"),
        (Template.FACTOR_REMOVED, "factor was removed"),
        (Template.EMAIL_CHANGED, "e-mail address"),
        (Template.PHONE_CHANGED, "number"),
        (Template.PASSWORD_CHANGED, "Your password was changed"),
        (Template.PASSWORD_RESET, "choose a new password"),
        (Template.PASSWORD_RESET_REQUIRED, "disabled your password"),
        (Template.DEVICE_KEY_ADDED, "signs transfers"),
        (Template.DATA_EXPORTED, "exported"),
        (Template.ERASURE_REQUESTED, "erased as soon as"),
        (Template.ERASED, "was erased"),
        (Template.SESSION_COMPROMISED, "ended that session"),
    ],
    ids=str,
)
def test_a_message_states_what_happened(template: Template, words: str, clock: ControlledClock) -> None:
    assert words in letter(MessageContent(uuid4(), USER, template, "anna@example.na", {}, clock.now())).text

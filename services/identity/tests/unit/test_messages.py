"""Delivering messages, on fakes; and what messages say."""

from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest

from chassis.testing.clocks import ControlledClock
from identity.application.messages.deliver_message import DeliverMessage
from identity.application.messages.texts import letter
from identity.application.messages.views import MessageContent
from identity.domain.message import Channel, Letter, Message, Template, Undeliverable
from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.clock import SystemClock
from kernel.errors import Unavailable
from services.identity.tests.fakes import FakeQueries, FakeUnitOfWork

# What is sent: every template but the decoy.
SENT = tuple(template for template in Template if template is not Template.DECOY)
USER = uuid4()


@dataclass
class FakePost:
    problem: Exception | None = None
    delivered: list[Letter] = field(default_factory=list)

    async def deliver(self, letter: Letter) -> None:
        if self.problem:
            raise self.problem
        self.delivered.append(letter)


@pytest.fixture
def uow() -> FakeUnitOfWork:
    return FakeUnitOfWork()


def delivery(uow: FakeUnitOfWork, post: FakePost, clock: ControlledClock, *, keep: bool = False) -> DeliverMessage:
    return DeliverMessage(uow, FakeQueries(uow), post, clock, keep_content=keep)


async def queue(uow: FakeUnitOfWork, template: Template = Template.VERIFY_EMAIL) -> UUID:
    cause = AuditFact(action="identity.test", resource_type="user", resource_id=str(USER), occurred_at=SystemClock().now())
    async with uow.begin(Actor.service("identity")) as tx:
        await tx.messages.send(USER, template, to="anna@example.na", code="123456")
        tx.record(cause)
    return message(uow).id


def message(uow: FakeUnitOfWork) -> Message:
    return uow.committed.messages[-1].message


async def test_a_message_goes_out_once_and_keeps_nothing(uow: FakeUnitOfWork, clock: ControlledClock) -> None:
    post = FakePost()
    message_id = await queue(uow)
    for _ in range(2):
        await delivery(uow, post, clock)(message_id=message_id)
    assert [each.to for each in post.delivered] == ["anna@example.na"]
    assert "123456" in post.delivered[0].text
    assert (message(uow).delivered_at, message(uow).sealed) == (clock.now(), None)
    assert uow.actions == ["identity.test", "identity.message.deliver"]


async def test_a_message_for_nobody_is_dropped_and_shown_to_no_developer(uow: FakeUnitOfWork, clock: ControlledClock) -> None:
    post = FakePost()
    await delivery(uow, post, clock, keep=True)(message_id=await queue(uow, Template.DECOY))
    assert (post.delivered, message(uow).sealed, uow.actions[1:]) == ([], None, ["identity.message.drop"])


async def test_a_message_waits_while_the_post_is_away(uow: FakeUnitOfWork, clock: ControlledClock) -> None:
    post = FakePost(Unavailable(dependency="smtp"))
    message_id = await queue(uow)
    with pytest.raises(Unavailable):
        await delivery(uow, post, clock)(message_id=message_id)
    assert message(uow).is_waiting
    post.problem = None
    await delivery(uow, post, clock)(message_id=message_id)
    assert len(post.delivered) == 1


async def test_a_message_that_nobody_takes_is_given_up_and_audited(uow: FakeUnitOfWork, clock: ControlledClock) -> None:
    message_id = await queue(uow)
    await delivery(uow, FakePost(Undeliverable()), clock)(message_id=message_id)
    assert (message(uow).failed_at, message(uow).sealed) == (clock.now(), None)
    assert uow.actions == ["identity.test", "identity.message.fail"]


async def test_only_a_developers_mailbox_keeps_what_was_said(uow: FakeUnitOfWork, clock: ControlledClock) -> None:
    await delivery(uow, FakePost(), clock, keep=True)(message_id=await queue(uow))
    kept = await FakeQueries(uow).delivered_messages("anna@example.na", 10)
    assert [(each.template, each.facts) for each in kept] == [(Template.VERIFY_EMAIL, {"code": "123456"})]


@pytest.mark.parametrize("template", SENT)
def test_every_template_has_a_text_and_shows_its_facts(template: Template, clock: ControlledClock) -> None:
    written = letter(MessageContent(uuid4(), USER, template, "anna@example.na", {"reset_link": "https://x"}, clock.now()))
    assert written.channel is template.channel
    assert "Reset link: https://x" in written.text
    assert (len(written.text) <= 160) if written.channel is Channel.SMS else ("\n" not in written.subject)
    assert "anna" not in repr(written)


def test_no_two_templates_say_the_same(clock: ControlledClock) -> None:
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
        (Template.PASSWORD_CHANGED, "password of your account was changed"),
        (Template.PASSWORD_RESET, "choose a new password"),
        (Template.PASSWORD_RESET_REQUIRED, "retired your password"),
        (Template.DEVICE_KEY_ADDED, "signs transfers"),
        (Template.DATA_EXPORTED, "exported"),
        (Template.ERASURE_REQUESTED, "erased as soon as"),
        (Template.ERASED, "was erased"),
        (Template.SESSION_COMPROMISED, "ended that session"),
    ],
    ids=str,
)
def test_a_letter_says_what_happened(template: Template, words: str, clock: ControlledClock) -> None:
    assert words in letter(MessageContent(uuid4(), USER, template, "anna@example.na", {}, clock.now())).text

"""Messages as they are kept and sent: sealed rows, a job in the same transaction, real mail and a real HTTP gateway."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import SMTPUTF8
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope
from pydantic import SecretStr
from sqlalchemy import text

from chassis.jobs import make_jobs
from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from identity.application.messages.deliver_message import DeliverMessage
from identity.application.messages.resume_messages import ResumeMessages
from identity.application.ports.messages import LeftBehind
from identity.domain.message import Channel, Letter, Template, Undeliverable
from identity.domain.profile import Profile
from identity.infrastructure.delivery import MailboxOnly, TransportByChannel
from identity.infrastructure.delivery.sms import HttpSmsTransport
from identity.infrastructure.delivery.smtp import SmtpTransport
from identity.interfaces.jobs import message_jobs
from identity.settings import IdentitySettings
from identity.wiring.adapters import message_transport
from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.clock import SystemClock
from kernel.errors import Unavailable
from services.identity.tests.integration.storage import Storage
from services.identity.tests.stored import rows

WORKER = Actor.service("identity")
LETTER = Letter(uuid4(), Channel.EMAIL, "jürgen@example.na", "Elcorp: Grüße", "Code: 123456\n")


def fact(user_id: UUID, clock: ControlledClock) -> AuditFact:
    return AuditFact(action="identity.test", resource_type="user", resource_id=str(user_id), occurred_at=clock.now())


async def send(storage: Storage, clock: ControlledClock, template: Template, to: str | None = "anna@example.na") -> UUID:
    user_id = uuid4()
    async with storage.uow.begin(WORKER) as tx:
        await tx.messages.send(user_id, template, to=to, code="123456")
        tx.record(fact(user_id, clock))
    return user_id


class NothingLeft:
    async def left_behind(self, _since: datetime, _until: datetime, *, limit: int) -> Sequence[UUID]:
        return [][:limit]


async def run_jobs(settings: IdentitySettings, deliver: DeliverMessage) -> None:
    """Run the deliveries that are due, and nothing that a clock starts."""
    resume = ResumeMessages(deliver.uow, NothingLeft(), deliver.clock)
    app = make_jobs(settings, [message_jobs(deliver, resume, job_seconds=60)])
    app.periodic_registry.periodic_tasks.clear()
    async with app.open_async():
        await app.run_worker_async(wait=False, queues=["messages"], install_signal_handlers=False)


@pytest.fixture
def deliver(sql_storage: Storage, clock: ControlledClock) -> DeliverMessage:
    return DeliverMessage(sql_storage.uow, sql_storage.queries, MailboxOnly(), clock, keep_content=True)


@pytest.fixture
def settings(settings: IdentitySettings, database_urls: Any) -> IdentitySettings:
    return settings.model_copy(update={"database_url": IdentitySettings(database_url=database_urls.app).database_url})


async def test_a_message_and_its_job_exist_exactly_when_their_cause_does(
    sql_storage: Storage, database: Database, clock: ControlledClock
) -> None:
    await send(sql_storage, clock, Template.VERIFY_EMAIL)
    with pytest.raises(RuntimeError):
        async with sql_storage.uow.begin(WORKER) as tx:
            await tx.messages.send(uuid4(), Template.VERIFY_EMAIL, to="anna@example.na")
            raise RuntimeError
    messages = await rows(database, "SELECT id::text FROM messages")
    jobs = await rows(database, "SELECT args ->> 'message_id', task_name FROM procrastinate_jobs")
    assert jobs == [(messages[0][0], "identity:deliver_message")]


async def test_no_code_and_no_address_lies_in_the_database(
    sql_storage: Storage, database: Database, clock: ControlledClock
) -> None:
    await send(sql_storage, clock, Template.VERIFY_EMAIL)
    dump = [
        *await rows(database, "SELECT m::text FROM messages m"),
        *await rows(database, "SELECT j::text FROM procrastinate_jobs j"),
    ]
    assert not [row for row in dump if "123456" in row[0] or "anna" in row[0] or b"123456".hex() in row[0]]


async def test_the_job_delivers_and_the_mailbox_shows_the_newest_first(
    sql_storage: Storage, deliver: DeliverMessage, settings: IdentitySettings, clock: ControlledClock
) -> None:
    for template, to in ((Template.VERIFY_EMAIL, "anna@example.na"), (Template.VERIFY_PHONE, "+264811234567")):
        await send(sql_storage, clock, template, to)
    assert not await sql_storage.queries.delivered_messages(None, 10)
    await run_jobs(settings, deliver)
    shown = await sql_storage.queries.delivered_messages(None, 10)
    assert [each.template for each in shown] == [Template.VERIFY_PHONE, Template.VERIFY_EMAIL]
    for recipient, template in (("+264811234567", Template.VERIFY_PHONE), ("ANNA@example.na", Template.VERIFY_EMAIL)):
        found = await sql_storage.queries.delivered_messages(recipient, 10)
        assert [(each.template, each.facts) for each in found] == [(template, {"code": "123456"})]


async def test_a_user_is_reached_at_their_own_address(storage: Storage, clock: ControlledClock) -> None:
    user_id = uuid4()
    async with storage.uow.begin(WORKER) as tx:
        await _enrol(tx, user_id, clock)
        await tx.messages.send(user_id, Template.NEW_DEVICE)
        # An account without a number gets no text message, and that is no error.
        await tx.messages.send(user_id, Template.VERIFY_PHONE, code="1")
        tx.record(fact(user_id, clock))
    ids = await _waiting(storage)
    contents = [await storage.queries.waiting_message(message_id) for message_id in ids]
    assert [(each.to, each.template) for each in contents if each] == [("anna@example.na", Template.NEW_DEVICE)]


async def test_forgotten_messages_are_not_sent(storage: Storage, clock: ControlledClock) -> None:
    user_id = await send(storage, clock, Template.VERIFY_EMAIL)
    ids = await _waiting(storage)
    async with storage.uow.begin(WORKER) as tx:
        await tx.messages.forget(user_id)
        tx.record(fact(user_id, clock))
    assert [await storage.queries.waiting_message(message_id) for message_id in ids] == [None]


@dataclass
class Relay:
    """Refuses letters with a temporary error while it is away."""

    away: bool = True
    taken: list[str] = field(default_factory=list)

    async def deliver(self, letter: Letter) -> None:
        if self.away:
            raise Unavailable(dependency="relay")
        self.taken.append(letter.to)


async def use_up_attempts(database: Database, settings: IdentitySettings, deliver: DeliverMessage) -> None:
    """Let each delivery fail for the last time, as in an outage of hours."""
    async with database.engine.begin() as connection:
        await connection.execute(text("UPDATE procrastinate_jobs SET attempts = 11"))
    await run_jobs(settings, deliver)
    assert {status for (status,) in await rows(database, "SELECT status::text FROM procrastinate_jobs")} == {"failed"}


async def test_a_notice_that_the_relay_did_not_take_for_hours_leaves_once_when_it_is_back(
    sql_storage: Storage, database: Database, settings: IdentitySettings, clock: ControlledClock
) -> None:
    relay = Relay()
    deliver = DeliverMessage(sql_storage.uow, sql_storage.queries, relay, clock)
    # The database says when a message was queued.
    later = ControlledClock(SystemClock().now() + timedelta(hours=3))
    resume = ResumeMessages(sql_storage.uow, cast("LeftBehind", sql_storage.queries), later)
    await send(sql_storage, clock, Template.PASSWORD_CHANGED, "notice@example.na")
    await send(sql_storage, clock, Template.VERIFY_EMAIL, "code@example.na")
    # Its delivery waits, so there is nothing to resume.
    assert await resume() == 0
    await use_up_attempts(database, settings, deliver)
    relay.away = False
    assert [await resume(), await resume()] == [1, 0]
    await run_jobs(settings, deliver)
    # A code is stale by now.
    assert relay.taken == ["notice@example.na"]
    assert await resume() == 0


@pytest.mark.parametrize("hours", [0, 73])
async def test_a_notice_is_resumed_after_an_hour_and_for_three_days(
    sql_storage: Storage, database: Database, settings: IdentitySettings, clock: ControlledClock, hours: int
) -> None:
    await send(sql_storage, clock, Template.PASSWORD_CHANGED)
    await use_up_attempts(database, settings, DeliverMessage(sql_storage.uow, sql_storage.queries, Relay(), clock))
    at = ControlledClock(SystemClock().now() + timedelta(hours=hours))
    assert await ResumeMessages(sql_storage.uow, cast("LeftBehind", sql_storage.queries), at)() == 0


@dataclass
class Crowd:
    """Takes a letter once so many have come with one."""

    number: int
    _met: asyncio.Barrier = field(init=False)

    def __post_init__(self) -> None:
        self._met = asyncio.Barrier(self.number)

    async def deliver(self, letter: Letter) -> None:
        await self._met.wait()


async def test_deliveries_at_once_are_noted_once(sql_storage: Storage, database: Database, clock: ControlledClock) -> None:
    await send(sql_storage, clock, Template.VERIFY_EMAIL)
    deliver = DeliverMessage(sql_storage.uow, sql_storage.queries, Crowd(3), clock)
    (message_id,) = await _waiting(sql_storage)
    await asyncio.gather(*(deliver(message_id=message_id) for _ in range(3)))
    assert await rows(database, "SELECT sealed, recipient_index FROM messages WHERE delivered_at IS NOT NULL") == [(None, None)]
    assert len(await rows(database, "SELECT 1 FROM outbox WHERE type = 'audit.facts.recorded'")) == 2


async def _enrol(tx: Any, user_id: UUID, clock: ControlledClock) -> None:
    from identity.domain.user import InitialRole, User  # noqa: PLC0415

    user = User.register(
        user_id=user_id,
        username=None,
        password_hash="$argon2id$x",
        wallet_address=uuid4(),
        initial_role=InitialRole.USER,
        agreed_terms_at=None,
        at=clock.now(),
    )
    await tx.users.add(user)
    await tx.profiles.add(user_id, Profile.of(full_name="Anna Example", email="anna@example.na", phone=None))


async def _waiting(storage: Storage) -> list[UUID]:
    store = getattr(storage.uow, "committed", None)
    if store:
        return [sent.message.id for sent in store.messages]
    async with storage.uow.begin(WORKER) as tx:
        return list((await tx.session.execute(text("SELECT id FROM messages"))).scalars())


@dataclass
class MailServer:
    port: int = 0
    extended: bool = True
    refuse: str | None = None
    refuse_sender: str | None = None
    refuse_content: str | None = None
    received: list[Envelope] = field(default_factory=list)

    async def handle_MAIL(self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any) -> str:  # noqa: N802
        if self.refuse_sender:
            return self.refuse_sender
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any) -> str:  # noqa: N802
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802
        if self.refuse_content:
            return self.refuse_content
        self.received.append(envelope)
        return "250 OK"


@pytest.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    mail = MailServer()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(mail, enable_SMTPUTF8=mail.extended, loop=loop), "127.0.0.1", 0)
    mail.port = server.sockets[0].getsockname()[1]
    yield mail
    server.close()


def smtp(port: int) -> SmtpTransport:
    return SmtpTransport(host="127.0.0.1", port=port, security="none", sender="Elcorp Namibia <no-reply@elcorp.na>")


async def test_mail_leaves_by_smtp(mail_server: MailServer) -> None:
    await smtp(mail_server.port).deliver(LETTER)
    (envelope,) = mail_server.received
    assert (envelope.mail_from, envelope.rcpt_tos) == ("no-reply@elcorp.na", ["jürgen@example.na"])
    assert isinstance(envelope.content, bytes)
    mail = message_from_bytes(envelope.content, policy=SMTPUTF8)
    headers = {name: mail[name] for name in ("From", "To", "Subject", "Message-ID", "Auto-Submitted")}
    assert headers == {
        "From": "Elcorp Namibia <no-reply@elcorp.na>",
        "To": "jürgen@example.na",
        "Subject": "Elcorp: Grüße",
        "Message-ID": f"<{LETTER.id}@elcorp.na>",
        "Auto-Submitted": "auto-generated",
    }
    assert mail["Date"]
    assert mail.get_content().splitlines() == ["Code: 123456"]


@pytest.mark.parametrize(
    ("to", "recipient"),
    [
        ("karl@straße.example.na", "karl@xn--strae-oqa.example.na"),
        ("karl@strasse.example.na", "karl@strasse.example.na"),
        ("u@bücher.example.na", "u@xn--bcher-kva.example.na"),
        ("Karl.Gross@Example.NA", "Karl.Gross@example.na"),
    ],
    ids=ascii,
)
async def test_mail_goes_to_the_domain_that_dns_knows(mail_server: MailServer, to: str, recipient: str) -> None:
    """Also by a server that takes no address beyond ASCII (RFC 6531)."""
    mail_server.extended = False
    await smtp(mail_server.port).deliver(replace(LETTER, to=to))
    (envelope,) = mail_server.received
    assert envelope.rcpt_tos == [recipient]
    assert isinstance(envelope.content, bytes)
    assert message_from_bytes(envelope.content, policy=SMTPUTF8)["To"] == recipient


@pytest.mark.parametrize(("answer", "error"), [("550 no such user", Undeliverable), ("451 try later", Unavailable)])
async def test_a_refused_recipient_is_given_up_or_tried_again(
    mail_server: MailServer, answer: str, error: type[Exception]
) -> None:
    mail_server.refuse = answer
    with pytest.raises(error):
        await smtp(mail_server.port).deliver(LETTER)


@pytest.mark.parametrize("answer", ["550 not from you", "451 try later"])
@pytest.mark.parametrize("where", ["refuse_sender", "refuse_content"])
async def test_what_is_refused_for_anything_but_its_recipient_is_tried_again(
    mail_server: MailServer, where: str, answer: str
) -> None:
    """Our sender, or the server's opinion of our text: nothing that the recipient could have lost."""
    setattr(mail_server, where, answer)
    with pytest.raises(Unavailable):
        await smtp(mail_server.port).deliver(LETTER)
    setattr(mail_server, where, None)
    await smtp(mail_server.port).deliver(LETTER)
    assert len(mail_server.received) == 1


async def test_a_mail_server_that_is_away_is_tried_again(unused_tcp_port_factory: Any) -> None:
    with pytest.raises(Unavailable):
        await smtp(unused_tcp_port_factory()).deliver(LETTER)


async def test_mail_without_tls_is_refused_where_tls_is_asked_for(mail_server: MailServer) -> None:
    strict = SmtpTransport(host="127.0.0.1", port=mail_server.port, security="starttls", sender="no-reply@elcorp.na")
    with pytest.raises(Unavailable):
        await strict.deliver(LETTER)
    assert not mail_server.received


@dataclass
class SmsGateway:
    url: str = ""
    status: int = 202
    received: list[tuple[dict[str, str | None], Any]] = field(default_factory=list)


@pytest.fixture
async def sms_gateway() -> AsyncIterator[SmsGateway]:
    gateway = SmsGateway()

    async def take(request: web.Request) -> web.Response:
        headers = {name: request.headers.get(name) for name in ("Authorization", "Idempotency-Key")}
        gateway.received.append((headers, await request.json()))
        return web.Response(status=gateway.status, headers={"Location": gateway.url})

    app = web.Application()
    app.router.add_post("/messages", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    gateway.url = f"http://{host}:{port}/messages"
    yield gateway
    await runner.cleanup()


async def test_a_text_message_leaves_by_the_http_gateway(sms_gateway: SmsGateway) -> None:
    sms = HttpSmsTransport(url=sms_gateway.url, sender="Elcorp", token="t0ken")
    await sms.deliver(Letter(LETTER.id, Channel.SMS, "+264811234567", "", "Elcorp: Code: 123456"))
    letter_id = str(LETTER.id)
    body = {"id": letter_id, "from": "Elcorp", "to": "+264811234567", "text": "Elcorp: Code: 123456"}
    assert sms_gateway.received == [({"Authorization": "Bearer t0ken", "Idempotency-Key": letter_id}, body)]
    assert "t0ken" not in repr(sms)


@pytest.mark.parametrize(
    ("error", "statuses"),
    [
        (None, (200, 201, 202, 204, 299)),
        (Undeliverable, (400, 402, 404, 409, 410, 422, 499)),
        # Our token, the gateway's limit, its own state, or another address: none of the message's making.
        (Unavailable, (301, 302, 307, 308, 401, 403, 408, 425, 429, 500, 502, 503, 599)),
    ],
    ids=["taken", "given up", "tried again"],
)
async def test_what_the_gateway_answers_decides_whether_it_is_tried_again(
    sms_gateway: SmsGateway, error: type[Exception] | None, statuses: tuple[int, ...]
) -> None:
    for status in statuses:
        sms_gateway.status = status
        with pytest.raises(error) if error else nullcontext():
            await HttpSmsTransport(url=sms_gateway.url, sender="Elcorp", token="").deliver(LETTER)
    # Each was asked once: a redirection, which could lead the token astray, is not followed.
    assert len(sms_gateway.received) == len(statuses)


async def test_outside_local_mail_must_be_configured_and_text_messages_may_be(settings: IdentitySettings) -> None:
    production = settings.model_copy(update={"environment": "production"})
    with pytest.raises(ValueError, match="ELCORP_SMTP_HOST"):
        message_transport(production)
    without_sms = message_transport(production.model_copy(update={"smtp_host": "mail.example.na"}))
    text_message = Letter(LETTER.id, Channel.SMS, "+264811234567", "", "Elcorp: Code: 123456")
    with pytest.raises(Undeliverable):
        await without_sms.deliver(text_message)
    await message_transport(settings).deliver(text_message)


@pytest.mark.parametrize("environment", ["local", "production"])
def test_letters_leave_as_the_settings_say(settings: IdentitySettings, environment: str) -> None:
    mail = {"smtp_host": "mail.example.na", "smtp_port": 465, "smtp_security": "tls", "mail_from": "no-reply@example.na"}
    mail |= {"smtp_username": "identity", "smtp_password": SecretStr("s3cret")}
    sms = {"sms_url": "https://sms.example.na/send", "sms_token": SecretStr("t0ken"), "sms_from": "Example"}
    own = settings.model_copy(update={"environment": environment})
    by_mail = SmtpTransport(
        host="mail.example.na",
        port=465,
        security="tls",
        sender="no-reply@example.na",
        username="identity",
        password="s3cret",
    )
    by_sms = HttpSmsTransport(url="https://sms.example.na/send", sender="Example", token="t0ken")
    assert message_transport(own.model_copy(update={**mail, **sms})) == TransportByChannel(by_mail, by_sms)
    bare = {"smtp_username": None, "smtp_password": None, "sms_token": None}
    assert message_transport(own.model_copy(update={**mail, **sms, **bare})) == TransportByChannel(
        replace(by_mail, username=None, password=None), replace(by_sms, token="")
    )

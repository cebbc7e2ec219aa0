"""Sending messages: real mail, and a real HTTP gateway for text messages. The fake passes the tests of the port."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from email.policy import SMTPUTF8
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope
from pydantic import SecretStr

from identity.application.ports.messages import MessageTransport
from identity.domain.message import Channel, Letter, Undeliverable
from identity.infrastructure.delivery import TransportByChannel
from identity.infrastructure.delivery.sms import HttpSmsTransport
from identity.infrastructure.delivery.smtp import SmtpTransport
from identity.settings import IdentitySettings
from identity.wiring.adapters import message_transport
from kernel.errors import Unavailable
from services.identity.tests.fakes.messages import FakeTransport

LETTER = Letter(uuid4(), Channel.EMAIL, "jürgen@example.na", "Elcorp: Grüße", "Code: 123456\n")


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


async def test_mail_is_sent_by_smtp(mail_server: MailServer) -> None:
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
async def test_mail_goes_to_the_domain_in_dns(mail_server: MailServer, to: str, recipient: str) -> None:
    """Including by a server that accepts only ASCII addresses (RFC 6531)."""
    mail_server.extended = False
    await smtp(mail_server.port).deliver(replace(LETTER, to=to))
    (envelope,) = mail_server.received
    assert envelope.rcpt_tos == [recipient]
    assert isinstance(envelope.content, bytes)
    assert message_from_bytes(envelope.content, policy=SMTPUTF8)["To"] == recipient


@pytest.mark.parametrize(("answer", "error"), [("550 no such user", Undeliverable), ("451 try later", Unavailable)])
async def test_a_refused_recipient_is_given_up_or_retried(mail_server: MailServer, answer: str, error: type[Exception]) -> None:
    mail_server.refuse = answer
    with pytest.raises(error):
        await smtp(mail_server.port).deliver(LETTER)


@pytest.mark.parametrize("answer", ["550 not from you", "451 try later"])
@pytest.mark.parametrize("where", ["refuse_sender", "refuse_content"])
async def test_a_refusal_not_about_the_recipient_is_retried(mail_server: MailServer, where: str, answer: str) -> None:
    """The server refuses our sender or our text, which is no fault of the recipient."""
    setattr(mail_server, where, answer)
    with pytest.raises(Unavailable):
        await smtp(mail_server.port).deliver(LETTER)
    setattr(mail_server, where, None)
    await smtp(mail_server.port).deliver(LETTER)
    assert len(mail_server.received) == 1


async def test_an_unavailable_mail_server_is_retried(unused_tcp_port_factory: Any) -> None:
    with pytest.raises(Unavailable):
        await smtp(unused_tcp_port_factory()).deliver(LETTER)


async def test_mail_without_tls_is_refused_if_tls_is_required(mail_server: MailServer) -> None:
    strict = SmtpTransport(host="127.0.0.1", port=mail_server.port, security="starttls", sender="no-reply@elcorp.na")
    with pytest.raises(Unavailable):
        await strict.deliver(LETTER)
    assert not mail_server.received


@pytest.fixture(params=["fake", "smtp"])
def transport(request: pytest.FixtureRequest, mail_server: MailServer) -> MessageTransport:
    return FakeTransport() if request.param == "fake" else smtp(mail_server.port)


def delivered(transport: MessageTransport, mail_server: MailServer) -> list[tuple[str, str]]:
    """Return the recipients and the texts of the delivered letters."""
    if isinstance(transport, FakeTransport):
        return [(letter.to, letter.text) for letter in transport.delivered]
    mails = [message_from_bytes(envelope.content, policy=SMTPUTF8) for envelope in mail_server.received]  # type: ignore[arg-type]
    return [(mail["To"], mail.get_content().replace("\r\n", "\n")) for mail in mails]


async def test_each_letter_is_delivered(transport: MessageTransport, mail_server: MailServer) -> None:
    other = replace(LETTER, id=uuid4(), to="anna@example.na", text="Code: 654321\n")
    # The transport does not recognise a letter that is sent twice.
    for letter in (LETTER, other, LETTER):
        await transport.deliver(letter)
    assert delivered(transport, mail_server) == [(letter.to, letter.text) for letter in (LETTER, other, LETTER)]


@pytest.mark.parametrize(
    ("problem", "answer"), [(Undeliverable(), "550 no such user"), (Unavailable(dependency="smtp"), "451 try later")]
)
async def test_a_letter_that_fails_is_not_delivered(
    transport: MessageTransport, mail_server: MailServer, problem: Exception, answer: str
) -> None:
    def fail(*, fails: bool) -> None:
        if isinstance(transport, FakeTransport):
            transport.problem = problem if fails else None
        mail_server.refuse = answer if fails else None

    fail(fails=True)
    with pytest.raises(type(problem)):
        await transport.deliver(LETTER)
    assert delivered(transport, mail_server) == []
    fail(fails=False)
    await transport.deliver(LETTER)
    assert delivered(transport, mail_server) == [(LETTER.to, LETTER.text)]


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


async def test_a_text_message_is_sent_by_the_http_gateway(sms_gateway: SmsGateway) -> None:
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
        # Our token, the gateway's limit, its own state, or another address: none is caused by the message.
        (Unavailable, (301, 302, 307, 308, 401, 403, 408, 425, 429, 500, 502, 503, 599)),
    ],
    ids=["accepted", "given up", "retried"],
)
async def test_the_gateways_answer_decides_whether_a_text_message_is_retried(
    sms_gateway: SmsGateway, error: type[Exception] | None, statuses: tuple[int, ...]
) -> None:
    for status in statuses:
        sms_gateway.status = status
        with pytest.raises(error) if error else nullcontext():
            await HttpSmsTransport(url=sms_gateway.url, sender="Elcorp", token="").deliver(LETTER)
    # One request each: a redirect is not followed, because it could send the token elsewhere.
    assert len(sms_gateway.received) == len(statuses)


async def test_mail_must_be_configured_except_locally_and_text_messages_are_optional(settings: IdentitySettings) -> None:
    production = settings.model_copy(update={"environment": "production"})
    with pytest.raises(ValueError, match="ELCORP_SMTP_HOST"):
        message_transport(production)
    without_sms = message_transport(production.model_copy(update={"smtp_host": "mail.example.na"}))
    text_message = Letter(LETTER.id, Channel.SMS, "+264811234567", "", "Elcorp: Code: 123456")
    with pytest.raises(Undeliverable):
        await without_sms.deliver(text_message)
    await message_transport(settings).deliver(text_message)


@pytest.mark.parametrize("environment", ["local", "production"])
def test_messages_are_sent_as_the_settings_say(settings: IdentitySettings, environment: str) -> None:
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

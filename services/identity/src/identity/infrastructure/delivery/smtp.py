"""Mail by SMTP submission (RFC 6409)."""

from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTPUTF8
from email.utils import format_datetime, localtime
from typing import Literal

import aiosmtplib

from identity.domain.email_address import ascii_domain
from identity.domain.message import Letter, Undeliverable
from kernel.errors import Unavailable

TIMEOUT_SECONDS = 10.0
_PERMANENT = range(500, 600)

Security = Literal["none", "starttls", "tls"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpTransport:
    """`security`: TLS from the first byte, STARTTLS or refuse, or none, which is for a relay on the same machine."""

    host: str
    port: int
    security: Security
    sender: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    async def deliver(self, letter: Letter) -> None:
        try:
            await aiosmtplib.send(
                self._mail(letter),
                hostname=self.host,
                port=self.port,
                username=self.username,
                password=self.password,
                use_tls=self.security == "tls",
                start_tls=self.security == "starttls",
                timeout=TIMEOUT_SECONDS,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            # The only recipient was refused: for good when the server says so (RFC 5321 4.2.1: 5yz).
            if all(refused.code in _PERMANENT for refused in error.recipients):
                raise Undeliverable from None
            raise Unavailable(dependency="smtp") from None
        except aiosmtplib.SMTPResponseException as error:
            raise Unavailable(dependency="smtp", status=error.code) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Unavailable(dependency="smtp", problem=type(error).__name__) from None

    def _mail(self, letter: Letter) -> EmailMessage:
        mail = EmailMessage(policy=SMTPUTF8)
        mail["From"] = self.sender
        # By parts, so that nothing in an address is read as syntax. The domain in A-labels: every server takes those, and UTS 46
        # leaves "straße" the domain that it is, where IDNA 2003 makes it "strasse".
        mailbox, _, domain = letter.to.rpartition("@")
        mail["To"] = Address(username=mailbox, domain=ascii_domain(domain))
        mail["Subject"] = letter.subject
        mail["Date"] = format_datetime(localtime())
        # The same for every attempt, so that a mail that went out twice is known as one.
        mail["Message-ID"] = f"<{letter.id}@{self.sender.rpartition('@')[2].rstrip('>')}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(letter.text)
        return mail

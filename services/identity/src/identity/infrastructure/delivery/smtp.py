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
    """`security`: TLS from the first byte, required STARTTLS, or none for a relay on the same machine."""

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
            # The only recipient was refused, permanently if the server says so (RFC 5321 4.2.1: 5yz).
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
        # Build it from parts, so that nothing in an address is parsed as syntax. Use A-labels: every server accepts them, and UTS
        # 46 keeps the domain "straße", while IDNA 2003 turns it into "strasse".
        mailbox, _, domain = letter.to.rpartition("@")
        mail["To"] = Address(username=mailbox, domain=ascii_domain(domain))
        mail["Subject"] = letter.subject
        mail["Date"] = format_datetime(localtime())
        # The same id for every attempt, so that duplicates can be recognised.
        mail["Message-ID"] = f"<{letter.id}@{self.sender.rpartition('@')[2].rstrip('>')}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(letter.text)
        return mail

"""A mail relay as a provider runs it: STARTTLS, a user with a password, and a certificate that clients verify."""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import SMTPUTF8
from pathlib import Path
from typing import Final

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from chassis.testing.running import free_port

_CODE: Final = re.compile(r"\b(\d{6})\b")


@dataclass
class MailRelay:
    """Stores the mails that it accepted, oldest first."""

    username: str
    password: str
    mails: list[tuple[str, str]] = field(default_factory=list)
    _controller: Controller | None = None

    def start(self, certificate: Mapping[str, Path]) -> int:
        """Listen on this machine; return the port."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate["tls_cert_file"], certificate["tls_key_file"])
        port = free_port()
        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=port,
            tls_context=context,
            require_starttls=True,
            auth_required=True,
            authenticator=self._authenticate,
        )
        self._controller.start()
        return port

    def stop(self) -> None:
        if self._controller:
            self._controller.stop()

    async def code_for(self, email: str) -> str | None:
        """Return the code of the newest mail to an address."""
        found = [code[1] for to, text in self.mails if to == email and (code := _CODE.search(text))]
        return found[-1] if found else None

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's name
        mail = message_from_bytes(envelope.original_content or b"", policy=SMTPUTF8)
        self.mails += [(recipient, mail.get_content()) for recipient in envelope.rcpt_tos]
        return "250 OK"

    def _authenticate(self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: object) -> AuthResult:
        given = LoginPassword(self.username.encode(), self.password.encode())
        return AuthResult(success=data == given)

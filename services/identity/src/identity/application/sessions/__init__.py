"""Signing in, and what follows from it: the table of contents."""

from dataclasses import dataclass

from identity.application.sessions.refresh_session import RefreshSession
from identity.application.sessions.sign_in import SignIn
from identity.application.sessions.sign_out import SignOut


@dataclass(frozen=True, slots=True)
class Sessions:
    sign_in: SignIn
    refresh_session: RefreshSession
    sign_out: SignOut

"""Signing in, and what follows from it: the table of contents."""

from dataclasses import dataclass

from identity.application.sessions.end_many_sessions import RevokeSession, SignOutEverywhere
from identity.application.sessions.manage_devices import ChangeDevice, RevokeDevice
from identity.application.sessions.read_sessions import GetDevice, GetSession, ListDevices, ListSessions
from identity.application.sessions.refresh_session import RefreshSession
from identity.application.sessions.sign_in import SignIn
from identity.application.sessions.sign_out import SignOut


@dataclass(frozen=True, slots=True)
class Sessions:
    sign_in: SignIn
    refresh_session: RefreshSession
    sign_out: SignOut
    sign_out_everywhere: SignOutEverywhere
    list_sessions: ListSessions
    get_session: GetSession
    revoke_session: RevokeSession
    list_devices: ListDevices
    get_device: GetDevice
    change_device: ChangeDevice
    revoke_device: RevokeDevice

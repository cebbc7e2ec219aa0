"""What identity can do: the table of contents."""

from dataclasses import dataclass

from identity.application.create_administrator import CreateAdministrator
from identity.application.ensure_signing_keys import EnsureSigningKeys
from identity.application.queries import IdentityQueries
from identity.application.read_users import GetSubject, GetUser, ListUsers
from identity.application.refresh_session import RefreshSession
from identity.application.register_user import RegisterUser
from identity.application.sign_in import SignIn
from identity.application.sign_out import SignOut


@dataclass(frozen=True, slots=True)
class Identity:
    register_user: RegisterUser
    sign_in: SignIn
    refresh_session: RefreshSession
    sign_out: SignOut
    get_user: GetUser
    list_users: ListUsers
    get_subject: GetSubject
    create_administrator: CreateAdministrator
    ensure_signing_keys: EnsureSigningKeys
    queries: IdentityQueries

"""Accounts: the table of contents."""

from dataclasses import dataclass

from identity.application.accounts.create_administrator import CreateAdministrator
from identity.application.accounts.read_users import GetSubject, GetUser, ListUsers
from identity.application.accounts.register_user import RegisterUser


@dataclass(frozen=True, slots=True)
class Accounts:
    register_user: RegisterUser
    get_user: GetUser
    list_users: ListUsers
    get_subject: GetSubject
    create_administrator: CreateAdministrator

"""Accounts: the table of contents."""

from dataclasses import dataclass

from identity.application.accounts.change_contact import ChangeContact
from identity.application.accounts.change_password import ChangePassword
from identity.application.accounts.change_status import ChangeStatus
from identity.application.accounts.confirm_code import ConfirmCode, ResendCode
from identity.application.accounts.create_administrator import CreateAdministrator
from identity.application.accounts.get_subjects import GetSubjects
from identity.application.accounts.manage_users import CreateUser, RequirePasswordReset
from identity.application.accounts.read_users import GetSubject, GetUser, ListUsers
from identity.application.accounts.register_user import RegisterUser
from identity.application.accounts.update_user import UpdateUser


@dataclass(frozen=True, slots=True)
class Accounts:
    register_user: RegisterUser
    confirm_email: ConfirmCode
    confirm_phone: ConfirmCode
    resend_email_code: ResendCode
    resend_phone_code: ResendCode
    change_contact: ChangeContact
    change_password: ChangePassword
    change_status: ChangeStatus
    update_user: UpdateUser
    create_user: CreateUser
    require_password_reset: RequirePasswordReset
    get_user: GetUser
    list_users: ListUsers
    get_subject: GetSubject
    get_subjects: GetSubjects
    create_administrator: CreateAdministrator

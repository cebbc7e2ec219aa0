"""Users, their registration and their passwords."""

from identity.application.accounts import Accounts
from identity.application.accounts.change_contact import ChangeContact
from identity.application.accounts.change_password import ChangePassword
from identity.application.accounts.change_status import ChangeStatus
from identity.application.accounts.confirm_code import ConfirmCode, ResendCode
from identity.application.accounts.create_administrator import CreateAdministrator
from identity.application.accounts.get_subjects import GetSubjects
from identity.application.accounts.manage_users import CreateUser, RequirePasswordReset
from identity.application.accounts.read_users import GetSubject, GetUser, ListUsers
from identity.application.accounts.register_user import RegisterUser
from identity.application.accounts.take_over_email import TakeOverEmail
from identity.application.accounts.update_user import UpdateUser
from identity.domain.one_time_code import Purpose
from identity.infrastructure.generated_password import generate_password
from identity.wiring.dependencies import Dependencies


def users(given: Dependencies) -> Accounts:
    by_mail, by_phone = frozenset({Purpose.REGISTRATION, Purpose.EMAIL}), frozenset({Purpose.PHONE})
    take_over_email = TakeOverEmail(secrets=given.secrets, undo_page=given.settings.undo_page)
    return Accounts(
        register_user=RegisterUser(
            uow=given.uow,
            passwords=given.passwords,
            policy=given.password_policy,
            contacts=given.contacts,
            codes=given.codes,
            clock=given.clock,
        ),
        confirm_email=ConfirmCode(
            uow=given.uow,
            codes=given.codes,
            clock=given.clock,
            purposes=by_mail,
            take_over_email=take_over_email,
            revocations=given.revocations,
        ),
        confirm_phone=ConfirmCode(
            uow=given.uow,
            codes=given.codes,
            clock=given.clock,
            purposes=by_phone,
            take_over_email=take_over_email,
            revocations=given.revocations,
        ),
        resend_email_code=ResendCode(uow=given.uow, codes=given.codes, clock=given.clock, purposes=by_mail | {Purpose.RECOVERY}),
        resend_phone_code=ResendCode(uow=given.uow, codes=given.codes, clock=given.clock, purposes=by_phone),
        change_contact=ChangeContact(uow=given.uow, contacts=given.contacts, codes=given.codes, clock=given.clock),
        change_password=ChangePassword(
            uow=given.uow,
            queries=given.queries,
            passwords=given.passwords,
            new_password=given.new_password,
            attempts=given.attempts,
            revocations=given.revocations,
            clock=given.clock,
        ),
        change_status=ChangeStatus(uow=given.uow, authority=given.authority, revocations=given.revocations, clock=given.clock),
        update_user=UpdateUser(uow=given.uow, permissions=given.permissions, authority=given.authority, clock=given.clock),
        create_user=CreateUser(
            uow=given.uow,
            passwords=given.passwords,
            contacts=given.contacts,
            generate_password=generate_password,
            clock=given.clock,
        ),
        require_password_reset=RequirePasswordReset(
            uow=given.uow,
            passwords=given.passwords,
            new_password=given.new_password,
            generate_password=generate_password,
            authority=given.authority,
            revocations=given.revocations,
            clock=given.clock,
        ),
        get_user=GetUser(queries=given.queries, permissions=given.permissions, reads=given.reads),
        list_users=ListUsers(queries=given.queries, contacts=given.contacts, permissions=given.permissions, reads=given.reads),
        get_subject=GetSubject(queries=given.queries),
        get_subjects=GetSubjects(queries=given.queries),
        create_administrator=CreateAdministrator(
            uow=given.uow,
            passwords=given.passwords,
            policy=given.password_policy,
            contacts=given.contacts,
            generate_password=generate_password,
            clock=given.clock,
        ),
    )

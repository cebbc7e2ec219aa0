"""Users."""

from identity.application.users import Users
from identity.application.users.change_status import ChangeStatus
from identity.application.users.create_administrator import CreateAdministrator
from identity.application.users.create_user import CreateUser
from identity.application.users.export_user_data import ExportUserData
from identity.application.users.get_subject import GetSubject
from identity.application.users.get_subjects import GetSubjects
from identity.application.users.get_user import GetUser
from identity.application.users.list_users import ListUsers
from identity.application.users.unlock_user import UnlockUser
from identity.application.users.update_user import UpdateUser
from identity.infrastructure.generated_password import generate_password
from identity.wiring.dependencies import Dependencies


def users(given: Dependencies) -> Users:
    return Users(
        change_status=ChangeStatus(uow=given.uow, authority=given.authority, revocations=given.revocations, clock=given.clock),
        create_administrator=CreateAdministrator(
            uow=given.uow,
            passwords=given.passwords,
            policy=given.password_policy,
            contacts=given.contacts,
            generate_password=generate_password,
            clock=given.clock,
        ),
        create_user=CreateUser(
            uow=given.uow,
            passwords=given.passwords,
            contacts=given.contacts,
            generate_password=generate_password,
            clock=given.clock,
        ),
        export_user_data=ExportUserData(
            uow=given.uow, views=given.views.user_data, permissions=given.permissions, clock=given.clock
        ),
        get_subject=GetSubject(queries=given.views.users),
        get_subjects=GetSubjects(queries=given.views.users),
        get_user=GetUser(queries=given.views.users, permissions=given.permissions, reads=given.reads),
        list_users=ListUsers(
            queries=given.views.users, contacts=given.contacts, permissions=given.permissions, reads=given.reads
        ),
        unlock_user=UnlockUser(
            uow=given.uow,
            queries=given.views.users,
            sessions=given.views.sessions,
            devices=given.views.devices,
            permissions=given.permissions,
            authority=given.authority,
            attempts=given.attempts,
            digest=given.sign_in_names,
            clock=given.clock,
        ),
        update_user=UpdateUser(uow=given.uow, permissions=given.permissions, authority=given.authority, clock=given.clock),
    )

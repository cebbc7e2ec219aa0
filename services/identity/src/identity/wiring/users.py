"""Users."""

from identity.application.sessions.unlock_attempts import UnlockAttempts
from identity.application.users import Users
from identity.application.users.activate_user import ActivateUser
from identity.application.users.create_administrator import CreateAdministrator
from identity.application.users.create_user import CreateUser
from identity.application.users.delete_user import DeleteUser
from identity.application.users.details import ChangeDetails
from identity.application.users.export_user_data import ExportUserData
from identity.application.users.get_me import GetMe
from identity.application.users.get_profile import GetProfile
from identity.application.users.get_subject import GetSubject
from identity.application.users.get_subjects import GetSubjects
from identity.application.users.get_user import GetUser
from identity.application.users.list_standings import ListStandings
from identity.application.users.list_users import ListUsers
from identity.application.users.read_user import ReadUser
from identity.application.users.replace_user import ReplaceUser
from identity.application.users.restore_user import RestoreUser
from identity.application.users.status_changes import ChangeStatus
from identity.application.users.suspend_user import SuspendUser
from identity.application.users.unlock_user import UnlockUser
from identity.application.users.update_profile import UpdateProfile
from identity.application.users.update_user import UpdateUser
from identity.infrastructure.generated_password import generate_password
from identity.wiring.dependencies import Dependencies


def users(given: Dependencies) -> Users:
    read_user = ReadUser(views=given.views.users, reads=given.reads)
    get_user = GetUser(permissions=given.permissions, read_user=read_user)
    change_status = ChangeStatus(uow=given.uow, authority=given.authority, end_sessions=given.end_sessions, clock=given.clock)
    change_details = ChangeDetails(uow=given.uow, permissions=given.permissions, authority=given.authority, clock=given.clock)
    return Users(
        activate_user=ActivateUser(change_status=change_status, read_user=read_user),
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
        delete_user=DeleteUser(change_status=change_status),
        export_user_data=ExportUserData(
            uow=given.uow, views=given.views.user_data, permissions=given.permissions, clock=given.clock
        ),
        get_me=GetMe(read_user=read_user),
        get_profile=GetProfile(get_user=get_user),
        get_subject=GetSubject(views=given.views.users),
        get_subjects=GetSubjects(views=given.views.users),
        get_user=get_user,
        list_standings=ListStandings(views=given.views.users),
        list_users=ListUsers(views=given.views.users, contacts=given.contacts, permissions=given.permissions, reads=given.reads),
        replace_user=ReplaceUser(change_details=change_details, read_user=read_user),
        restore_user=RestoreUser(change_status=change_status, read_user=read_user),
        suspend_user=SuspendUser(change_status=change_status, read_user=read_user),
        unlock_user=UnlockUser(
            uow=given.uow,
            views=given.views.users,
            permissions=given.permissions,
            authority=given.authority,
            unlock_attempts=UnlockAttempts(
                devices=given.views.devices, sessions=given.views.sessions, attempts=given.attempts, digest=given.sign_in_names
            ),
            clock=given.clock,
        ),
        update_profile=UpdateProfile(change_details=change_details, read_user=read_user),
        update_user=UpdateUser(change_details=change_details, read_user=read_user),
    )

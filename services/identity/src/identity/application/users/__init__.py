"""The use cases of users."""

from dataclasses import dataclass

from identity.application.users.activate_user import ActivateUser
from identity.application.users.create_administrator import CreateAdministrator
from identity.application.users.create_user import CreateUser
from identity.application.users.delete_user import DeleteUser
from identity.application.users.export_user_data import ExportUserData
from identity.application.users.get_me import GetMe
from identity.application.users.get_profile import GetProfile
from identity.application.users.get_subject import GetSubject
from identity.application.users.get_subjects import GetSubjects
from identity.application.users.get_user import GetUser
from identity.application.users.list_standings import ListStandings
from identity.application.users.list_users import ListUsers
from identity.application.users.replace_user import ReplaceUser
from identity.application.users.restore_user import RestoreUser
from identity.application.users.suspend_user import SuspendUser
from identity.application.users.unlock_user import UnlockUser
from identity.application.users.update_profile import UpdateProfile
from identity.application.users.update_user import UpdateUser


@dataclass(frozen=True, slots=True)
class Users:
    activate_user: ActivateUser
    create_administrator: CreateAdministrator
    create_user: CreateUser
    delete_user: DeleteUser
    export_user_data: ExportUserData
    get_me: GetMe
    get_profile: GetProfile
    get_subject: GetSubject
    get_subjects: GetSubjects
    get_user: GetUser
    list_standings: ListStandings
    list_users: ListUsers
    replace_user: ReplaceUser
    restore_user: RestoreUser
    suspend_user: SuspendUser
    unlock_user: UnlockUser
    update_profile: UpdateProfile
    update_user: UpdateUser

"""The use cases of users."""

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Users:
    change_status: ChangeStatus
    create_administrator: CreateAdministrator
    create_user: CreateUser
    export_user_data: ExportUserData
    get_subject: GetSubject
    get_subjects: GetSubjects
    get_user: GetUser
    list_users: ListUsers
    unlock_user: UnlockUser
    update_user: UpdateUser

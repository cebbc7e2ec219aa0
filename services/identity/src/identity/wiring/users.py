"""Users."""

from chassis.wiring import wire
from identity.application.sessions.unlock_attempts import UnlockAttempts
from identity.application.users import Users
from identity.application.users.details import ChangeDetails
from identity.application.users.read_user import ReadUser
from identity.application.users.status_changes import ChangeStatus
from identity.infrastructure.generated_password import generate_password
from identity.wiring.dependencies import Dependencies


def users(given: Dependencies) -> Users:
    uow, clock, permissions, authority = given.uow, given.clock, given.permissions, given.authority
    return wire(
        Users,
        uow=uow,
        views=given.views.users,
        user_data=given.views.user_data,
        read_user=ReadUser(views=given.views.users, reads=given.reads),
        reads=given.reads,
        change_status=ChangeStatus(uow=uow, authority=authority, end_sessions=given.end_sessions, clock=clock),
        change_details=ChangeDetails(uow=uow, permissions=permissions, authority=authority, clock=clock),
        unlock_attempts=UnlockAttempts(
            devices=given.views.devices, sessions=given.views.sessions, attempts=given.attempts, digest=given.sign_in_names
        ),
        passwords=given.passwords,
        policy=given.password_policy,
        generate_password=generate_password,
        contacts=given.contacts,
        permissions=permissions,
        authority=authority,
        clock=clock,
    )

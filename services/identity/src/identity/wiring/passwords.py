"""Passwords."""

from identity.application.passwords import Passwords
from identity.application.passwords.ask_password_reset import AskPasswordReset
from identity.application.passwords.change_password import ChangePassword
from identity.application.passwords.require_password_reset import RequirePasswordReset
from identity.application.passwords.reset_password import ResetPassword
from identity.infrastructure.generated_password import generate_password
from identity.wiring.dependencies import Dependencies


def passwords(given: Dependencies) -> Passwords:
    return Passwords(
        ask_password_reset=AskPasswordReset(
            uow=given.uow,
            credentials=given.views.credentials,
            secrets=given.secrets,
            digest=given.sign_in_names,
            clock=given.clock,
            page=given.settings.reset_page,
        ),
        change_password=ChangePassword(
            uow=given.uow,
            credentials=given.views.credentials,
            passwords=given.passwords,
            new_password=given.new_password,
            attempts=given.attempts,
            end_sessions=given.end_sessions,
            clock=given.clock,
        ),
        require_password_reset=RequirePasswordReset(
            uow=given.uow,
            passwords=given.passwords,
            new_password=given.new_password,
            generate_password=generate_password,
            authority=given.authority,
            end_sessions=given.end_sessions,
            clock=given.clock,
        ),
        reset_password=ResetPassword(
            uow=given.uow,
            credentials=given.views.credentials,
            secrets=given.secrets,
            new_password=given.new_password,
            end_sessions=given.end_sessions,
            attempts=given.attempts,
            digest=given.sign_in_names,
            clock=given.clock,
        ),
    )

"""Passwords."""

from chassis.wiring import wire
from identity.application.passwords import Passwords
from identity.infrastructure.generated_password import generate_password
from identity.wiring.dependencies import Dependencies


def passwords(given: Dependencies) -> Passwords:
    return wire(
        Passwords,
        uow=given.uow,
        credentials=given.views.credentials,
        secrets=given.secrets,
        digest=given.sign_in_names,
        page=given.settings.reset_page,
        passwords=given.passwords,
        new_password=given.new_password,
        generate_password=generate_password,
        attempts=given.attempts,
        authority=given.authority,
        end_sessions=given.end_sessions,
        clock=given.clock,
    )

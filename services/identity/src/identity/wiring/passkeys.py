"""Passkeys."""

from chassis.wiring import wire
from identity.application.passkeys import Passkeys
from identity.wiring.dependencies import Dependencies


def passkeys(given: Dependencies) -> Passkeys:
    return wire(
        Passkeys,
        uow=given.uow,
        webauthn=given.webauthn,
        answer=given.answer_ceremony,
        record_added_factor=given.record_added_factor,
        record_removed_factor=given.record_removed_factor,
        start=given.start_session,
        clock=given.clock,
    )

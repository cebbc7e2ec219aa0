"""Registration, and verification of e-mail addresses and telephone numbers."""

from chassis.wiring import wire
from identity.application.registration import Registration
from identity.application.registration.contact_codes import SendContactCode
from identity.application.registration.resend_code import ResendCode
from identity.application.registration.take_over_email import TakeOverEmail
from identity.application.registration.verify_code import VerifyCode
from identity.wiring.dependencies import Dependencies


def registration(given: Dependencies) -> Registration:
    return wire(
        Registration,
        uow=given.uow,
        passwords=given.passwords,
        policy=given.password_policy,
        contacts=given.contacts,
        codes=given.codes,
        send_code=SendContactCode(uow=given.uow, codes=given.codes, clock=given.clock),
        resend_code=ResendCode(uow=given.uow, codes=given.codes, clock=given.clock),
        verify_code=VerifyCode(uow=given.uow, codes=given.codes, clock=given.clock),
        take_over_email=TakeOverEmail(secrets=given.secrets, end_sessions=given.end_sessions, undo_page=given.settings.undo_page),
        clock=given.clock,
    )

"""Registration, and verification of e-mail addresses and telephone numbers."""

from identity.application.registration import Registration
from identity.application.registration.change_email import ChangeEmail
from identity.application.registration.change_phone import ChangePhone
from identity.application.registration.contact_codes import SendContactCode
from identity.application.registration.register_user import RegisterUser
from identity.application.registration.resend_code import ResendCode
from identity.application.registration.resend_email_code import ResendEmailCode
from identity.application.registration.resend_phone_code import ResendPhoneCode
from identity.application.registration.take_over_email import TakeOverEmail
from identity.application.registration.verify_code import VerifyCode
from identity.application.registration.verify_email import VerifyEmail
from identity.application.registration.verify_phone import VerifyPhone
from identity.wiring.dependencies import Dependencies


def registration(given: Dependencies) -> Registration:
    send_code = SendContactCode(uow=given.uow, codes=given.codes, clock=given.clock)
    resend_code = ResendCode(uow=given.uow, codes=given.codes, clock=given.clock)
    verify_code = VerifyCode(uow=given.uow, codes=given.codes, clock=given.clock)
    take_over_email = TakeOverEmail(secrets=given.secrets, end_sessions=given.end_sessions, undo_page=given.settings.undo_page)
    return Registration(
        change_email=ChangeEmail(contacts=given.contacts, send_code=send_code),
        change_phone=ChangePhone(contacts=given.contacts, send_code=send_code),
        register_user=RegisterUser(
            uow=given.uow,
            passwords=given.passwords,
            policy=given.password_policy,
            contacts=given.contacts,
            codes=given.codes,
            clock=given.clock,
        ),
        resend_email_code=ResendEmailCode(resend_code=resend_code),
        resend_phone_code=ResendPhoneCode(resend_code=resend_code),
        verify_email=VerifyEmail(verify_code=verify_code, take_over_email=take_over_email),
        verify_phone=VerifyPhone(verify_code=verify_code),
    )

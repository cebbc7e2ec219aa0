"""Registration, and verified e-mail addresses and telephone numbers."""

from identity.application.registration import Registration
from identity.application.registration.change_contact import ChangeContact
from identity.application.registration.confirm_code import ConfirmCode, ResendCode
from identity.application.registration.register_user import RegisterUser
from identity.application.registration.take_over_email import TakeOverEmail
from identity.domain.one_time_code import Purpose
from identity.wiring.dependencies import Dependencies


def registration(given: Dependencies) -> Registration:
    by_mail, by_phone = frozenset({Purpose.REGISTRATION, Purpose.EMAIL}), frozenset({Purpose.PHONE})
    take_over_email = TakeOverEmail(secrets=given.secrets, undo_page=given.settings.undo_page)
    return Registration(
        change_contact=ChangeContact(uow=given.uow, contacts=given.contacts, codes=given.codes, clock=given.clock),
        register_user=RegisterUser(
            uow=given.uow,
            passwords=given.passwords,
            policy=given.password_policy,
            contacts=given.contacts,
            codes=given.codes,
            clock=given.clock,
        ),
        resend_email_code=ResendCode(uow=given.uow, codes=given.codes, clock=given.clock, purposes=by_mail | {Purpose.RECOVERY}),
        resend_phone_code=ResendCode(uow=given.uow, codes=given.codes, clock=given.clock, purposes=by_phone),
        verify_email=ConfirmCode(
            uow=given.uow,
            codes=given.codes,
            clock=given.clock,
            purposes=by_mail,
            take_over_email=take_over_email,
            revocations=given.revocations,
        ),
        verify_phone=ConfirmCode(
            uow=given.uow,
            codes=given.codes,
            clock=given.clock,
            purposes=by_phone,
            take_over_email=take_over_email,
            revocations=given.revocations,
        ),
    )

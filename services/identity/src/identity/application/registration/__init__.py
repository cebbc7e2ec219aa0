"""The use cases of registration, and of verifying e-mail addresses and telephone numbers."""

from dataclasses import dataclass

from identity.application.registration.change_contact import ChangeContact
from identity.application.registration.confirm_code import ConfirmCode, ResendCode
from identity.application.registration.register_user import RegisterUser


@dataclass(frozen=True, slots=True)
class Registration:
    change_contact: ChangeContact
    register_user: RegisterUser
    resend_email_code: ResendCode
    resend_phone_code: ResendCode
    verify_email: ConfirmCode
    verify_phone: ConfirmCode

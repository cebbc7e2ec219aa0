"""The use cases of registration, and of verifying e-mail addresses and telephone numbers."""

from dataclasses import dataclass

from identity.application.registration.change_email import ChangeEmail
from identity.application.registration.change_phone import ChangePhone
from identity.application.registration.register_user import RegisterUser
from identity.application.registration.resend_email_code import ResendEmailCode
from identity.application.registration.resend_phone_code import ResendPhoneCode
from identity.application.registration.verify_email import VerifyEmail
from identity.application.registration.verify_phone import VerifyPhone


@dataclass(frozen=True, slots=True)
class Registration:
    change_email: ChangeEmail
    change_phone: ChangePhone
    register_user: RegisterUser
    resend_email_code: ResendEmailCode
    resend_phone_code: ResendPhoneCode
    verify_email: VerifyEmail
    verify_phone: VerifyPhone

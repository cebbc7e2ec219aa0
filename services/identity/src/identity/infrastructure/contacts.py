"""E-mail addresses and telephone numbers, parsed by the libraries that know them."""

import unicodedata

import email_validator
import phonenumbers

from identity.domain.errors import InvalidEmail, InvalidPhone


class ParsedContacts:
    def email(self, text: str) -> str:
        try:
            # Whether it can be delivered is for a confirmation mail to find out; no look-up while a client waits.
            parsed = email_validator.validate_email(text, check_deliverability=False)
        except email_validator.EmailNotValidError:
            raise InvalidEmail(field="email") from None
        local, _, domain = unicodedata.normalize("NFC", text).rpartition("@")
        # As it was given; only a domain beyond ASCII is brought to the form that UTS 46 gives it, which looks alike.
        return f"{local}@{domain if domain.isascii() else parsed.domain}"

    def phone(self, text: str) -> str:
        try:
            number = phonenumbers.parse(text)
        except phonenumbers.NumberParseException:
            raise InvalidPhone(field="phone") from None
        if not phonenumbers.is_valid_number(number):
            raise InvalidPhone(field="phone")
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

"""E-mail addresses and telephone numbers, parsed by the libraries that know them."""

import re
import unicodedata
from typing import Final

import email_validator
import phonenumbers
from phonenumbers import PhoneNumberType

from identity.domain.errors import InvalidEmail, InvalidPhone, NoTextMessages

# One number with its country, and how people part its digits: "+264 (0)81 123-4567". It ends in a digit, or in brackets that are
# closed about some: the library would cut anything else.
_INTERNATIONAL: Final = re.compile(r"\s*[+\uff0b](?:[\s.\-\u2010-\u2013]*(?:\d|\(\d+\)))+\s*")
# "001" is no region, but what belongs to the world: satellite telephones (+870, +881), networks of no country (+882, +883),
# numbers that cost extra everywhere (+979).
_NO_COUNTRY: Final = "001"
# Where landlines and mobiles look alike, as in North America, a message may arrive; some mobile networks, as Namibia's 083, are
# voice over IP by their number. Everything else is a landline, costs extra, or is answered by no telephone.
_TEXTED: Final = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE, PhoneNumberType.VOIP})


class ContactParser:
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
        return _e164(_number(text))

    def mobile(self, text: str) -> str:
        number = _number(text)
        # A message to a premium number pays the one who typed it; one to a satellite costs as much.
        if phonenumbers.number_type(number) not in _TEXTED or _has_no_country(number):
            raise NoTextMessages(field="phone")
        return _e164(number)


def _number(text: str) -> phonenumbers.PhoneNumber:
    # The library reads letters as the digits of their keys, and an extension, or what follows, apart: another number than was
    # typed would be kept.
    if not _INTERNATIONAL.fullmatch(text):
        raise InvalidPhone(field="phone")
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        raise InvalidPhone(field="phone") from None
    if number.extension or not phonenumbers.is_valid_number(number):
        raise InvalidPhone(field="phone")
    return number


def _has_no_country(number: phonenumbers.PhoneNumber) -> bool:
    return phonenumbers.region_code_for_number(number) == _NO_COUNTRY


def _e164(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

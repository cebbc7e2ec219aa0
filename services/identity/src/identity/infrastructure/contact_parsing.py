"""Parsing of e-mail addresses and telephone numbers by libraries."""

import re
import unicodedata
from typing import Final

import email_validator
import phonenumbers
from phonenumbers import PhoneNumberType

from identity.domain.errors import InvalidEmail, InvalidPhone, NoTextMessages

# One number with its country code and common separators: "+264 (0)81 123-4567". It ends in a digit or a closed bracket; the
# library would cut off anything else.
_INTERNATIONAL: Final = re.compile(r"\s*[+\uff0b](?:[\s.\-\u2010-\u2013]*(?:\d|\(\d+\)))+\s*")
# Region "001" is no country, but the world: satellite telephones (+870, +881), networks of no country (+882, +883), premium
# numbers (+979).
_NO_COUNTRY: Final = "001"
# Where landlines and mobiles look alike, as in North America, a message may arrive. Some mobile networks, such as Namibia's 083,
# are VoIP by their number. All other types are landlines, premium numbers, or no telephones.
_TEXTED: Final = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE, PhoneNumberType.VOIP})


class ContactParser:
    def email(self, text: str) -> str:
        try:
            # Do not look up deliverability while a client waits; the confirmation mail finds that out.
            parsed = email_validator.validate_email(text, check_deliverability=False)
        except email_validator.EmailNotValidError:
            raise InvalidEmail(field="email") from None
        local, _, domain = unicodedata.normalize("NFC", text).rpartition("@")
        # The address as given. Only a domain beyond ASCII gets its UTS 46 form, which looks the same.
        return f"{local}@{domain if domain.isascii() else parsed.domain}"

    def phone(self, text: str) -> str:
        return _e164(_number(text))

    def mobile(self, text: str) -> str:
        number = _number(text)
        # A message to a premium number pays its owner, who may be the caller; one to a satellite telephone costs as much.
        if phonenumbers.number_type(number) not in _TEXTED or _has_no_country(number):
            raise NoTextMessages(field="phone")
        return _e164(number)


def _number(text: str) -> phonenumbers.PhoneNumber:
    # The library reads letters as digits of a keypad and splits off extensions, which would store another number.
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

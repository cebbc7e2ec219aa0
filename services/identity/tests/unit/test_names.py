"""Names, usernames, labels and addresses: which are accepted, and their canonical form."""

from collections.abc import Callable
from typing import Any

import pytest

from identity.domain.errors import (
    InvalidEmail,
    InvalidLabel,
    InvalidName,
    InvalidPhone,
    InvalidUsername,
    NoTextMessages,
    ReservedUsername,
)
from identity.domain.profile import Profile, canonical_username, chosen_username
from identity.domain.wallet_address import masked, tidy_label
from identity.infrastructure.contact_parsing import ContactParser
from kernel.errors import InvalidValue

CONTACTS = ContactParser()
RESERVED = (
    *("admin", "Admin1", "adm1n", "adrnin", "the.admin", "superadmin", "root", "r00t", "root_7", "staff", "st4ff", "support"),
    *(
        "sup.port",
        "customer-support",
        "helpdesk",
        "security",
        "no-reply",
        "postmaster",
        "elcorp",
        "my.elcorp",
        "e1corp",
        "El_Corp",
    ),
)


def full_name(text: str) -> str:
    return Profile.of(full_name=text, email="anna@example.na", phone=None).full_name


def organization(text: str) -> str:
    return Profile.of(full_name="Anna Ou", email="anna@example.na", phone=None, organization=text).organization or ""


KEPT: list[Any] = [
    pytest.param(full_name, "Li", "Li", id="the shortest name"),
    pytest.param(full_name, "x" * 100, "x" * 100, id="the longest name"),
    pytest.param(full_name, "  Ndapewa \t Shikongo\n", "Ndapewa Shikongo", id="a name with spaces"),
    pytest.param(full_name, "Zoe\u0308", "Zo\u00eb", id="a name with a combining character"),
    pytest.param(full_name, "علی\u200cرضا احمدی", "علی\u200cرضا احمدی", id="a Persian name"),  # noqa: RUF001  # its letters
    pytest.param(full_name, "ශ්\u200dරීමාල් පෙරේරා", "ශ්\u200dරීමාල් පෙරේරා", id="a Sinhala name"),
    pytest.param(full_name, "N!xau O'Brien d\u2019Abbadie", "N!xau O'Brien d\u2019Abbadie", id="a name with apostrophes"),
    pytest.param(full_name, "ǃXóõ ǀUi", "ǃXóõ ǀUi", id="a Khoekhoe name"),  # noqa: RUF001  # clicks are letters
    pytest.param(full_name, "O-", "O-", id="a name of one letter and a combining character"),
    pytest.param(full_name, "李 小龍", "李 小龍", id="a Chinese name"),
    pytest.param(organization, "24/7", "24/7", id="an organization of digits"),
    pytest.param(organization, "X", "X", id="the shortest organization"),
    pytest.param(organization, "x" * 100, "x" * 100, id="the longest organization"),
    pytest.param(organization, " Namib  Mills ", "Namib Mills", id="an organization with spaces"),
    pytest.param(canonical_username, "abc", "abc", id="the shortest username"),
    pytest.param(canonical_username, "9" + "x" * 63, "9" + "x" * 63, id="the longest username"),
    pytest.param(canonical_username, " Oryx.Rider_1-2 ", "oryx.rider_1-2", id="a username in capitals"),
    pytest.param(CONTACTS.email, "Anna@EXAMPLE.na", "Anna@EXAMPLE.na", id="an address in capitals"),
    pytest.param(CONTACTS.email, "Jürgen@Example.na", "Jürgen@Example.na", id="an address with an umlaut"),
    pytest.param(CONTACTS.email, "Karl@Straße.example.na", "Karl@straße.example.na", id="an address with a sharp s"),
    pytest.param(CONTACTS.email, "u@XN--bcher-kva.na", "u@XN--bcher-kva.na", id="an address with an A-label"),
    pytest.param(CONTACTS.phone, "+264 81 123-4567", "+264811234567", id="a number with spaces"),
    pytest.param(CONTACTS.phone, "+264 (0)81 1234567", "+264811234567", id="a number with its trunk zero"),
    pytest.param(CONTACTS.phone, "+264 61 234 567", "+26461234567", id="a landline, for a search"),
    pytest.param(CONTACTS.mobile, " +264 81 123-4567 ", "+264811234567", id="a mobile number"),
    pytest.param(CONTACTS.mobile, "+(264) 81 123 (4567)", "+264811234567", id="a number with brackets"),
    pytest.param(CONTACTS.mobile, "+264831234567", "+264831234567", id="a mobile number over IP"),
    pytest.param(CONTACTS.mobile, "+1 202 555 0123", "+12025550123", id="a number that is mobile or landline"),
    pytest.param(chosen_username, "Badminton.Fan", "badminton.fan", id="a username that only looks reserved"),
    pytest.param(tidy_label, "x", "x", id="the shortest label"),
    pytest.param(tidy_label, "x" * 64, "x" * 64, id="the longest label"),
    pytest.param(tidy_label, "  Rent   2026 ", "Rent 2026", id="a label with spaces"),
    pytest.param(masked, "Ndapewa Maria Shikongo", "N••• M••• S•••", id="a masked name"),
    pytest.param(masked, "Li", "L•••", id="a masked short name"),
]


@pytest.mark.parametrize(("read", "text", "kept"), KEPT)
def test_a_value_is_stored_in_one_canonical_form(read: Callable[[str], str], text: str, kept: str) -> None:
    assert read(text) == kept


REFUSED: list[Any] = [
    pytest.param(full_name, "x", InvalidName, id="a name of one letter"),
    pytest.param(full_name, " x ", InvalidName, id="a name of one letter and spaces"),
    pytest.param(full_name, "x" * 101, InvalidName, id="a name too long"),
    pytest.param(full_name, "An\u202ena", InvalidName, id="a name with a change of text direction"),
    pytest.param(full_name, "An\u00adna", InvalidName, id="a name with a soft hyphen"),
    pytest.param(full_name, "An\u200bna", InvalidName, id="a name with a zero-width space"),
    pytest.param(full_name, "\u200d\u200c\u200d", InvalidName, id="a name of joiners alone"),
    pytest.param(full_name, "\u3164\u3164", InvalidName, id="a name of blank letters"),
    *[pytest.param(full_name, text, InvalidName, id=f"the name {text}") for text in ("--", "''", ". .", "47", "?!", "👩 👩")],
    *[
        pytest.param(full_name, f"A{chr(code)}B", InvalidName, id=f"a name with U+{code:04X}")
        for code in (0x34F, 0x115F, 0x17B4, 0x180B, 0x3164, 0xFE00, 0xFE0F, 0xFFA0, 0xE0100)
    ],
    pytest.param(organization, "--", InvalidName, id="an organization of signs"),
    pytest.param(organization, "A\u034fB", InvalidName, id="an organization with a joiner of graphemes"),
    pytest.param(tidy_label, "Re\u034fnt", InvalidLabel, id="a label with a joiner of graphemes"),
    pytest.param(organization, " ", InvalidName, id="an organization of spaces"),
    pytest.param(organization, "x" * 101, InvalidName, id="an organization too long"),
    pytest.param(organization, "Mills\u0000", InvalidName, id="an organization with a control character"),
    pytest.param(canonical_username, "ab", InvalidUsername, id="a username too short"),
    pytest.param(canonical_username, "x" * 65, InvalidUsername, id="a username too long"),
    pytest.param(canonical_username, ".abc", InvalidUsername, id="a username that begins with a dot"),
    pytest.param(canonical_username, "a b c", InvalidUsername, id="a username with spaces"),
    pytest.param(canonical_username, "örjan", InvalidUsername, id="a username with an umlaut"),
    pytest.param(canonical_username, "\N{KELVIN SIGN}unene", InvalidUsername, id="a username with a Kelvin sign"),
    pytest.param(canonical_username, "a@b.na", InvalidUsername, id="a username like an address"),
    pytest.param(CONTACTS.email, "anna", InvalidEmail, id="an address without a domain"),
    pytest.param(CONTACTS.email, "anna@example", InvalidEmail, id="an address without a country"),
    pytest.param(CONTACTS.phone, "0811234567", InvalidPhone, id="a number without its country"),
    pytest.param(CONTACTS.phone, "+264991234567", InvalidPhone, id="an unassigned number"),
    pytest.param(CONTACTS.phone, "+26481", InvalidPhone, id="a number too short"),
    *[
        pytest.param(CONTACTS.phone, text, InvalidPhone, id=f"a number {what}")
        for what, text in (
            ("with an extension", "+264811234567 ext. 5"),
            ("with an extension after a sign", "+264811234567#5"),
            ("with a pause", "+264811234567,5"),
            ("with a parameter", "+264811234567;ext=3"),
            ("with letters", "+26481CALLME1"),
            ("followed by text", "+264811234567 abc"),
            ("as an address", "tel:+264811234567"),
            ("and another", "+264811234567 +264811234568"),
            ("or another", "+264811234567/8"),
            ("with a full stop", "+264811234567."),
            ("followed by a bracket", "+264811234567)"),
            ("with an unclosed bracket", "+264 (81 1234567"),
            ("with an unopened bracket", "+264 81) 1234567"),
            ("with empty brackets", "+264 () 811234567"),
            ("followed by a dash", "+264811234567 -"),
            ("with an open bracket", "+264811234567("),
        )
    ],
    *[
        pytest.param(CONTACTS.mobile, text, NoTextMessages, id=f"for messages, {what}")
        for what, text in (
            ("a landline", "+264 61 234 567"),
            ("a premium number", "+44 909 012 3456"),
            ("a personal number", "+44 70 1234 5678"),
            ("a free number", "+1 800 555 0123"),
            ("a shared cost number", "+49 180 1234567"),
            ("a satellite telephone", "+881 612 345 678"),
            ("another satellite telephone", "+870 773 111 632"),
            ("a number of no country", "+883 510 012 345 678"),
            ("another number of no country", "+882 16 1234 5678"),
            ("a number that costs extra everywhere", "+979 123 456 789"),
        )
    ],
    *[pytest.param(chosen_username, text, ReservedUsername, id=f"the username {text}") for text in RESERVED],
    pytest.param(tidy_label, "\u200d", InvalidLabel, id="a label of a joiner"),
    pytest.param(tidy_label, "", InvalidLabel, id="an empty label"),
    pytest.param(tidy_label, "  ", InvalidLabel, id="a label of spaces"),
    pytest.param(tidy_label, "x" * 65, InvalidLabel, id="a label too long"),
    pytest.param(tidy_label, "a\u202eb", InvalidLabel, id="a label with a change of text direction"),
]


@pytest.mark.parametrize(("read", "text", "error"), REFUSED)
def test_a_refused_value_is_reported_with_its_field(read: Callable[[str], str], text: str, error: type[InvalidValue]) -> None:
    fields = {full_name: "full_name", organization: "organization", canonical_username: "username", tidy_label: "label"}
    fields |= {chosen_username: "username", CONTACTS.mobile: "phone"}
    with pytest.raises(error) as refused:
        read(text)
    assert refused.value.field == fields.get(read, getattr(read, "__name__", ""))


def test_a_persons_words_are_split() -> None:
    profile = Profile.of(full_name="Anna  Ou", email="anna.ou@example.na", phone=None, organization="Namib Mills")
    assert profile.words == ("Anna Ou", "anna.ou", "Namib Mills")
    assert (profile.with_email("b@example.na").email, profile.with_phone("+264811234567").phone) == (
        "b@example.na",
        "+264811234567",
    )

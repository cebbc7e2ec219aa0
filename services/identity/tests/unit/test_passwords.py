"""The password policy (ASVS 6.2, NIST SP 800-63B, and the brief's complexity rules)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.domain.errors import WeakPassword
from identity.domain.password_policy import PasswordPolicy, normalise

POLICY = PasswordPolicy()
PLAIN = PasswordPolicy(complexity=False)


@pytest.mark.parametrize("password", ["SecurePass123!", "Oshana-Sunrise-47!", "Ünïcödé Pässwörter 9!", "Aabc1!" * 21])
def test_good_passwords_pass(password: str) -> None:
    POLICY.check(normalise(password), ("Ndapewa Shikongo", "ndapewa", ""))


@pytest.mark.parametrize(
    ("password", "rule"),
    [
        ("Short-1!", "length_min"),
        ("Aa1!" * 33, "length_max"),
        ("oshana-sunrise-47!", "upper_case"),
        ("OSHANA-SUNRISE-47!", "lower_case"),
        ("Oshana-Sunrise-!!", "digit"),
        ("Oshana-Sunrise-47", "special"),
        ("P@ssw0rd2026!", "common"),
        ("Password1234!", "common"),
        ("Welcome-2026-!!", "common"),
        ("Aaaa1!Aaaa1!a", "common"),
        ("Elcorp-Rocks-47!", "context"),
        ("Ndapewa-Rocks-47!", "context"),
    ],
)
def test_weak_passwords_say_which_rule(password: str, rule: str) -> None:
    with pytest.raises(WeakPassword) as refused:
        POLICY.check(password, ("Ndapewa Shikongo",))
    assert (refused.value.facts["rule"], refused.value.field) == (rule, "password")
    assert WeakPassword.RULES[rule] in refused.value.message


def test_complexity_can_be_switched_off_and_the_blocklist_cannot() -> None:
    PLAIN.check("correct horse battery stapler")
    with pytest.raises(WeakPassword):
        PLAIN.check("aaaaaaaaaaaaaaa1")


@given(st.text(min_size=12, max_size=128))
def test_a_password_is_never_cut(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)
    assert (normalise(text) == normalise(text + "x")) is False


def test_the_same_password_from_two_keyboards_is_one() -> None:
    assert normalise("Å-Sunrise-47!") == normalise("A\u030a-Sunrise-47!")

"""The canonical form of an e-mail address, and the stored addresses that may have been another person's."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from identity.domain.email_address import canonical_email, earlier_index_form, may_have_been_folded, takes_mail

LONG_S, KELVIN = "\N{LATIN SMALL LETTER LONG S}", "\N{KELVIN SIGN}"
# A name that ends in a sigma: with the final form of the letter, in capitals, and folded.
SISYPHUS = "\u03c3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2"
IN_CAPITALS = "\u03a3\u038a\u03a3\u03a5\u03a6\u039f\u03a3"
FOLDED = "\u03c3\u03af\u03c3\u03c5\u03c6\u03bf\u03c3"
TAKEN_APART = "\u03b9\u0308\u0301"


@pytest.mark.parametrize(
    ("given_as", "canonical"),
    [
        (" Anna.Ou@EXAMPLE.na ", "anna.ou@example.na"),
        ("karl@straße.example.na", "karl@xn--strae-oqa.example.na"),
        ("karl@strasse.example.na", "karl@strasse.example.na"),
        ("KARL@STRAẞE.example.na", "karl@xn--strae-oqa.example.na"),
        ("u@bücher.example.na", "u@xn--bcher-kva.example.na"),
        ("u@BÜCHER.example.na", "u@xn--bcher-kva.example.na"),
        ("u@XN--BCHER-KVA.example.na", "u@xn--bcher-kva.example.na"),
        ("u@bu\u0308cher\u3002example.na", "u@xn--bcher-kva.example.na"),
        (f"u@{SISYPHUS}.gr", "u@xn--kxa6ajbbmh.gr"),
        (f"u@{IN_CAPITALS}.gr", "u@xn--kxa6akbbkh.gr"),
        ("Straße@example.na", "straße@example.na"),
        ("ÉLODIE@example.na", "Élodie@example.na"),
        ("Jose\u0301@example.na", "josé@example.na"),
        (f"{LONG_S}am@example.na", f"{LONG_S}am@example.na"),
        (f"{KELVIN}im@example.na", "kim@example.na"),
        ("no address", "no address"),
        ("a@b@Ex ample", "a@b@ex ample"),
        ("a@xn--a.na", "a@xn--a.na"),
        ("", ""),
    ],
    ids=ascii,
)
def test_the_canonical_form_lowers_ascii_in_the_local_part_and_uses_a_labels_in_the_domain(given_as: str, canonical: str) -> None:
    assert canonical_email(given_as) == canonical


@given(st.text(max_size=40))
@example("ß@ß.ß")
@example("@xn--")
def test_every_text_has_a_canonical_form_that_is_stable(text: str) -> None:
    assert canonical_email(canonical_email(text)) == canonical_email(text)


@pytest.mark.parametrize(
    ("email", "earlier"),
    [
        ("u@xn--bcher-kva.example.na", "u@bücher.example.na"),
        ("U@Bücher.example.na", "u@bücher.example.na"),
        ("anna@example.na", None),
        ("josé@example.na", None),
        ("karl@straße.example.na", None),
        ("Élodie@bücher.example.na", None),
        ("\u0390@example.na", f"{TAKEN_APART}@example.na"),
        ("u@xn--a.na", None),
    ],
    ids=ascii,
)
def test_the_index_of_earlier_releases_used_the_unicode_domain(email: str, earlier: str | None) -> None:
    """Expect None where their folding changed a letter: that form may find another person."""
    assert earlier_index_form(email) == earlier


@pytest.mark.parametrize(
    ("stored", "may_have"),
    [
        ("karl@strasse.example.na", True),
        ("jessica@example.na", True),
        (f"u@{FOLDED}.gr", True),
        ("josé@example.na", True),
        (f"{TAKEN_APART}@example.na", True),
        ("ndapewa.shikongo@example.na", False),
        ("u@bücher.example.na", False),
        ("\u0645\u062d\u0645\u062f@example.na", False),
    ],
    ids=ascii,
)
def test_letters_that_folding_may_have_changed_are_detected(stored: str, *, may_have: bool) -> None:
    assert may_have_been_folded(stored) is may_have


@given(st.characters(exclude_categories=["Cs"]))
@example("ß")
@example("İ")
@example("\u0390")
def test_no_letter_that_folding_changes_is_missed(letter: str) -> None:
    """Except where the mailbox stays the same, and for compatibility letters, which no mailbox has."""
    given_as = f"a{letter}b@example.na"
    stored = unicodedata.normalize("NFC", given_as).casefold()
    is_same = canonical_email(given_as) == canonical_email(stored)
    is_compatible = unicodedata.normalize("NFKC", letter) != unicodedata.normalize("NFC", letter)
    assert is_same or is_compatible or may_have_been_folded(stored)


@pytest.mark.parametrize("as_given", [True, False])
@pytest.mark.parametrize("is_verified", [True, False])
def test_only_an_unverified_address_that_may_have_been_folded_gets_no_mail(*, as_given: bool, is_verified: bool) -> None:
    takes = takes_mail("karl@strasse.example.na", as_given=as_given, is_verified=is_verified)
    assert takes is (as_given or is_verified)
    assert takes_mail("anna@example.na", as_given=as_given, is_verified=is_verified)

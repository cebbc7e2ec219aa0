import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.crypto import Sealer, SealerRing, SubjectKeys, UnsealableError, field_context
from chassis.crypto.keys import derive
from chassis.crypto.sealing import NONCE_BYTES

KEY = bytes(range(32))
sealer = Sealer(KEY)
names = st.text(max_size=20)


@given(plaintext=st.binary(max_size=200), context=st.binary(max_size=50))
def test_sealed_data_can_be_opened(plaintext, context):
    assert sealer.open(sealer.seal(plaintext, context), context) == plaintext


@given(plaintext=st.binary(max_size=50), context=st.binary(max_size=50), other=st.binary(max_size=50))
def test_data_does_not_open_in_another_context(plaintext, context, other):
    sealed = sealer.seal(plaintext, context)
    if other != context:
        with pytest.raises(UnsealableError):
            sealer.open(sealed, other)


@given(data=st.data(), plaintext=st.binary(max_size=50))
def test_any_changed_bit_is_detected(data, plaintext):
    sealed = bytearray(sealer.seal(plaintext, b"here"))
    position = data.draw(st.integers(0, len(sealed) - 1))
    sealed[position] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(UnsealableError):
        sealer.open(bytes(sealed), b"here")


@given(cut=st.binary(max_size=28))
def test_data_too_short_to_be_sealed_is_refused(cut):
    with pytest.raises(UnsealableError):
        sealer.open(cut, b"")


def test_sealing_the_same_text_twice_differs_and_starts_with_the_version():
    sealed = [sealer.seal(b"same", b"here") for _ in range(1000)]
    assert len({each[1 : 1 + NONCE_BYTES] for each in sealed}) == 1000
    assert {each[0] for each in sealed} == {1}


@given(one=st.tuples(names, names, names), other=st.tuples(names, names, names))
def test_two_places_never_share_a_context(one, other):
    assert (field_context(*one) == field_context(*other)) is (one == other)


def test_rows_swapped_by_a_database_administrator_do_not_open():
    keys = SubjectKeys(KEY)
    wrapped = keys.new("anna")
    anna = keys.sealer("anna", wrapped)
    sealed = anna.seal(b"anna@example.na", field_context("profiles", "email", "anna"))
    assert anna.open(sealed, field_context("profiles", "email", "anna")) == b"anna@example.na"
    with pytest.raises(UnsealableError):
        anna.open(sealed, field_context("profiles", "phone", "anna"))
    with pytest.raises(UnsealableError):
        anna.open(sealed, field_context("profiles", "email", "bernd"))
    with pytest.raises(UnsealableError):
        keys.sealer("bernd", wrapped)
    with pytest.raises(UnsealableError):
        keys.sealer("bernd", keys.new("bernd")).open(sealed, field_context("profiles", "email", "anna"))


def test_another_master_key_opens_no_subject_key():
    wrapped = SubjectKeys(KEY).new("anna")
    with pytest.raises(UnsealableError):
        SubjectKeys(os.urandom(32)).sealer("anna", wrapped)


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_key_of_another_length_is_refused(length):
    with pytest.raises(ValueError, match="32 bytes"):
        Sealer(bytes(length))


def test_each_purpose_has_its_own_key():
    """RFC 5869: distinct info gives independent keys. The derivation must never change, or old data could not be opened."""
    assert derive(KEY, "seal/v1").hex() == "e447e9392651007ab0f13288f30a0c8e67fca51e8c3a71b3770fcf2220c86971"
    assert len({derive(KEY, purpose) for purpose in ("seal/v1", "subject-keys/v1", "blind-index/v1/email")}) == 3


@given(plaintext=st.binary(max_size=50), context=st.binary(max_size=50))
def test_a_key_ring_opens_data_of_any_of_its_keys_and_seals_with_the_first(plaintext, context):
    old, new = os.urandom(32), os.urandom(32)
    ring, sealed = SealerRing(new, old), Sealer(old).seal(plaintext, context)
    assert ring.open(sealed, context) == plaintext
    resealed = ring.reseal(sealed, context)
    assert resealed
    assert Sealer(new).open(resealed, context) == plaintext
    assert ring.reseal(resealed, context) is None
    for stranger in (SealerRing(os.urandom(32)), SealerRing(os.urandom(32), os.urandom(32))):
        with pytest.raises(UnsealableError):
            stranger.open(sealed, context)
        with pytest.raises(UnsealableError):
            stranger.reseal(sealed, context)
    with pytest.raises(UnsealableError):
        ring.open(sealed, context + b"x")


def test_a_rewrapped_subject_key_opens_data_sealed_before():
    old, new = os.urandom(32), os.urandom(32)
    wrapped = SubjectKeys(old).new("anna")
    sealed = SubjectKeys(old).sealer("anna", wrapped).seal(b"anna@example.na", b"here")
    rewrapped = SubjectKeys(new, old).rewrap("anna", wrapped)
    assert rewrapped
    assert SubjectKeys(new).sealer("anna", rewrapped).open(sealed, b"here") == b"anna@example.na"
    with pytest.raises(UnsealableError):
        SubjectKeys(new, old).rewrap("bertha", wrapped)


def test_a_new_subject_key_is_wrapped_by_the_master_key_only():
    old, new = os.urandom(32), os.urandom(32)
    wrapped = SubjectKeys(new, old).new("anna")
    assert SubjectKeys(new, old).rewrap("anna", wrapped) is None
    SubjectKeys(new).sealer("anna", wrapped)
    with pytest.raises(UnsealableError):
        SubjectKeys(old).sealer("anna", wrapped)

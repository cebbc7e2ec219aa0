import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.crypto import BlindIndex, SigningKey, verify_signature

KEY = bytes(range(32))


def test_the_first_vector_of_rfc_8032():
    key = SigningKey.from_bytes(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
    assert key.public_bytes.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert key.sign(b"").hex() == (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b"
    )


@given(message=st.binary(max_size=200), other=st.binary(max_size=200))
def test_a_signature_is_valid_for_its_message_only(message, other):
    key = SigningKey.generate()
    signature = key.sign(message)
    assert key.verify(signature, message)
    assert key.verify(signature, other) is (message == other)
    assert not SigningKey.generate().verify(signature, message)


@given(public=st.binary(max_size=40), signature=st.binary(max_size=70))
def test_malformed_input_verifies_as_false(public, signature):
    assert not verify_signature(public, signature, b"message")


def test_a_stored_key_can_be_loaded():
    key = SigningKey.generate()
    assert SigningKey.from_bytes(bytes(key)).public_bytes == key.public_bytes
    with pytest.raises(ValueError, match="32"):
        SigningKey.from_bytes(b"short")


@given(one=st.text(max_size=50), other=st.text(max_size=50))
def test_a_blind_index_finds_equal_texts_and_no_others(one, other):
    index = BlindIndex(KEY, purpose="email")
    assert len(index(one)) == 32
    assert (index(one) == index(other)) is (one == other)


def test_indexes_of_other_purposes_and_keys_do_not_match():
    text = "anna@example.na"
    digests = {
        BlindIndex(KEY)(text),
        BlindIndex(KEY, purpose="email")(text),
        BlindIndex(KEY, purpose="phone")(text),
        BlindIndex(bytes(32))(text),
    }
    assert len(digests) == 4

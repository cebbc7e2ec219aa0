"""Wallet addresses as text, tested with the vectors of BIP-350 and with common typing errors."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel import bech32m
from kernel.errors import Kind
from kernel.wallet_addresses import InvalidWalletAddress, address_text, read_address

# BIP-350, "Test vectors": valid and invalid bech32m.
VALID = [
    "A1LQFN3A",
    "a1lqfn3a",
    "an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg6",
    "abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx",
    "11llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllludsr8",
    "split1checkupstagehandshakeupstreamerranterredcaperredlc445v",
    "?1v759aa",
]
INVALID = [
    "\x201xj0phk",
    "\x7f1g6xzxy",
    "\x801vctc34",
    "an84characterslonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11d6pts4",
    "qyrz8wqd2c9m",
    "1qyrz8wqd2c9m",
    "y1b0jsk6g",
    "lt1igcx5c0",
    "in1muywd",
    "mm1crxm3i",
    "au1s5cgom",
    "M1VUXWEZ",
    "16plkw9",
    "1p2gdwpf",
    # Valid bech32 of BIP-173, which has another checksum.
    "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
]
ADDRESS = UUID("0198a1f0-1c1e-7b43-9d0c-3f2a5f1f7a10")


@pytest.mark.parametrize("text", VALID)
def test_valid_vectors_are_read(text: str) -> None:
    prefix, _ = bech32m.decode_values(text)
    assert prefix == text.lower().rpartition("1")[0]


@pytest.mark.parametrize("text", INVALID)
def test_invalid_vectors_are_refused(text: str) -> None:
    with pytest.raises(bech32m.NotBech32m):
        bech32m.decode_values(text)


def test_a_taproot_program_is_regrouped_as_in_bip_350() -> None:
    _, values = bech32m.decode_values("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0")
    assert bytes(bech32m._regroup(values[1:], 5, 8, pad=False)).hex() == (
        "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
    )


@given(st.text("abcdefghij", min_size=1, max_size=8), st.binary(max_size=40))
def test_an_encoded_text_decodes_to_its_bytes(prefix: str, data: bytes) -> None:
    assert bech32m.decode(bech32m.encode(prefix, data)) == (prefix, data)


@given(st.uuids(), st.data())
def test_any_mistyped_character_is_detected(address: UUID, data: st.DataObject) -> None:
    text = address_text(address)
    place = data.draw(st.integers(0, len(text) - 1))
    wrong = data.draw(st.sampled_from([each for each in "qpzry9x8gf2tvdw0s3jn54khce6mua7lbio1-" if each != text[place]]))
    with pytest.raises(InvalidWalletAddress):
        read_address(text[:place] + wrong + text[place + 1 :])


@given(st.uuids(), st.data())
def test_swapped_neighbours_are_detected(address: UUID, data: st.DataObject) -> None:
    text = address_text(address)
    place = data.draw(st.integers(4, len(text) - 2))
    swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    if swapped != text:
        with pytest.raises(InvalidWalletAddress):
            read_address(swapped)


@pytest.mark.parametrize("form", [str, address_text, lambda address: address_text(address).upper(), lambda a: f" {a} "])
def test_every_form_is_read_as_the_same_address(form: object) -> None:
    assert callable(form)
    assert read_address(form(ADDRESS)) == ADDRESS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "elc1",
        "elc1qqqq",
        bech32m.encode("elc", bytes(15)),
        bech32m.encode("elc", bytes(17)),
        bech32m.encode("bc", bytes(16)),
        # A prefix that only starts with "elc".
        bech32m.encode("elc1x", bytes(16)),
        "é",
    ],
)
def test_the_error_for_an_invalid_address_names_the_field(text: str) -> None:
    with pytest.raises(InvalidWalletAddress) as refused:
        read_address(text, field="target")
    assert (refused.value.kind, refused.value.field) == (Kind.INVALID, "target")


def test_an_address_has_only_one_checksummed_text() -> None:
    # ADDRESS with one more zero group and a valid checksum.
    longer = "elc1qxv2ruqurea588gv8u4978m6zqqg6m6vq"
    _, values = bech32m.decode_values(address_text(ADDRESS))
    assert bech32m.decode_values(longer) == ("elc", [*values, 0])
    with pytest.raises(InvalidWalletAddress) as refused:
        read_address(longer, field="target")
    assert (refused.value.kind, refused.value.field) == (Kind.INVALID, "target")


@pytest.mark.parametrize("padding", [1, 2, 3])
def test_nonzero_padding_is_refused(padding: int) -> None:
    # 16 bytes are 25 groups of five bits and three more bits; the last two bits of the last group are padding.
    _, values = bech32m.decode_values(address_text(ADDRESS))
    padded = [*values[:-1], values[-1] | padding]
    characters = (*padded, *bech32m._checksum("elc", padded))
    text = "elc1" + "".join("qpzry9x8gf2tvdw0s3jn54khce6mua7l"[value] for value in characters)
    assert bech32m.decode_values(text) == ("elc", padded)
    with pytest.raises(InvalidWalletAddress):
        read_address(text)


def test_every_address_text_has_36_characters() -> None:
    assert {len(address_text(uuid4())) for _ in range(20)} == {36}


def test_a_text_that_is_not_ascii_is_refused() -> None:
    """Python lowers a KELVIN SIGN to "k" and accepts the digits of every script."""
    text = next(text for text in (address_text(uuid4()).upper() for _ in range(100)) if "K" in text)
    for other in (text.replace("K", "\N{KELVIN SIGN}"), str(ADDRESS).replace("1", "\N{ARABIC-INDIC DIGIT ONE}")):
        with pytest.raises(InvalidWalletAddress):
            read_address(other)

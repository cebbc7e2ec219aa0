"""Sealed personal data is bound to its table, column and person, and no nonce repeats (ASVS 11.3.3, 11.3.4)."""

import os
from dataclasses import asdict, replace
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.crypto import UnsealableError
from chassis.crypto.sealing import NONCE_BYTES
from identity.domain.profile import Profile
from identity.infrastructure.vault import SealedProfile, Vault

VAULT = Vault(os.urandom(32))
COLUMNS = ("full_name", "email", "phone", "organization")
texts = st.text(st.characters(categories=("L", "N")), min_size=2, max_size=60)
profiles = st.builds(Profile, full_name=texts, email=texts, phone=texts, organization=texts)
ids = st.uuids()


def opened(user_id: UUID, sealed: SealedProfile) -> Profile | None:
    try:
        return VAULT.open(user_id, sealed)
    except UnsealableError:
        return None


@given(user_id=ids, profile=profiles)
def test_a_sealed_value_opens_for_its_person(user_id: UUID, profile: Profile) -> None:
    sealed = VAULT.seal(user_id, profile)
    assert VAULT.open(user_id, sealed) == profile
    contents = b"".join(getattr(sealed, column) for column in COLUMNS)
    assert not [
        text for text in asdict(profile).values() if isinstance(text, str) and len(text) > 3 and text.encode() in contents
    ]


@pytest.mark.clause("ASVS 11.3.3")
@given(one=ids, other=ids, profile=profiles, data=st.data())
def test_a_value_moved_to_another_column_or_person_does_not_open(
    one: UUID, other: UUID, profile: Profile, data: st.DataObject
) -> None:
    sealed = VAULT.seal(one, profile)
    source, target = data.draw(st.sampled_from(list(permutations(COLUMNS, 2))))
    moved: dict[str, Any] = {target: getattr(sealed, source)}
    assert opened(one, replace(sealed, **moved)) is None
    if one != other:
        others = VAULT.seal(other, profile)
        stolen: dict[str, Any] = {target: getattr(sealed, target)}
        # Alone, and with the key it was sealed under: neither names the other person.
        assert opened(other, replace(others, **stolen)) is None
        assert opened(other, replace(others, **stolen, wrapped_key=sealed.wrapped_key)) is None
        assert opened(other, sealed) is None


@pytest.mark.clause("ASVS 11.3.3")
@given(user_id=ids, address=ids, elsewhere=ids, label=texts)
def test_a_label_opens_only_at_its_own_address(user_id: UUID, address: UUID, elsewhere: UUID, label: str) -> None:
    wrapped = VAULT.seal(user_id, Profile(full_name="Ndapewa", email="n@example.na", phone=None)).wrapped_key
    sealed = VAULT.seal_label(user_id, wrapped, address, label)
    assert VAULT.open_label(user_id, wrapped, address, sealed) == label
    if elsewhere != address:
        with pytest.raises(UnsealableError):
            VAULT.open_label(user_id, wrapped, elsewhere, sealed)


@pytest.mark.clause("ASVS 11.3.3")
@given(user_id=ids, profile=profiles, data=st.data())
def test_any_changed_bit_is_detected(user_id: UUID, profile: Profile, data: st.DataObject) -> None:
    sealed = VAULT.seal(user_id, profile)
    column = data.draw(st.sampled_from((*COLUMNS, "wrapped_key")))
    value = bytearray(getattr(sealed, column))
    place = data.draw(st.integers(0, len(value) - 1))
    value[place] ^= 1 << data.draw(st.integers(0, 7))
    changed: dict[str, Any] = {column: bytes(value)}
    assert opened(user_id, replace(sealed, **changed)) is None


@pytest.mark.clause("ASVS 11.3.4")
def test_no_nonce_repeats() -> None:
    user_id, profile = uuid4(), Profile(full_name="Ndapewa", email="n@example.na", phone="+264811234567", organization="O")
    wrapped = VAULT.seal(user_id, profile).wrapped_key
    sealed = [VAULT.seal(user_id, profile, wrapped) for _ in range(2_500)]
    nonces = [getattr(each, column)[1 : 1 + NONCE_BYTES] for each in sealed for column in COLUMNS]
    assert len(set(nonces)) == len(nonces)


@given(profile=profiles)
def test_equal_values_are_sealed_differently_and_found_by_the_same_index(profile: Profile) -> None:
    one, two = VAULT.seal(uuid4(), profile), VAULT.seal(uuid4(), profile)
    assert not {getattr(one, column) for column in COLUMNS} & {getattr(two, column) for column in COLUMNS}
    assert (one.email_index, one.phone_index) == (two.email_index, two.phone_index)
    # The digest for one column reveals nothing about another column.
    assert VAULT.phone_index(profile.email) != VAULT.email_index(profile.email)

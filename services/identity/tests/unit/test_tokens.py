"""Signed device tokens, challenges and codes are valid only for their subject and purpose."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from identity.domain.device import Device
from identity.domain.errors import InvalidChallenge
from identity.infrastructure.device_key_challenges import SignedChallenges
from identity.infrastructure.device_tokens import SignedDeviceTokens
from identity.infrastructure.one_time_secrets import KeyedBackupCodes
from identity.infrastructure.refresh_tokens import SignedRefreshTokens

AT = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)
USER, DEVICE, OTHER = (UUID(int=number) for number in (1, 2, 3))
KEY, OTHER_KEY = bytes(32), bytes([1]) * 32
SHOWN: dict[str, Any] = {"user_id": USER, "device_id": DEVICE, "known_since": AT}


@pytest.mark.parametrize(
    "changes",
    [
        {"user_id": OTHER},
        {"device_id": OTHER},
        {"user_id": DEVICE, "device_id": USER},
        {"known_since": AT + timedelta(microseconds=1)},
        {"known_since": AT - timedelta(days=1)},
    ],
    ids=["another user", "another device", "swapped ids", "known since later", "known since earlier"],
)
def test_a_device_token_names_one_device_of_one_user_since_one_moment(changes: dict[str, Any]) -> None:
    tokens = SignedDeviceTokens(KEY)
    text = tokens.issue(Device.register(USER, DEVICE, at=AT))
    assert tokens.proves(text, **SHOWN)
    assert not tokens.proves(text, **{**SHOWN, **changes})


@pytest.mark.parametrize("spoil", [lambda text: text[:-1], lambda text: text[4:], lambda _: "", lambda _: "eld_", lambda _: "ü"])
def test_a_device_token_is_valid_only_as_issued(spoil: Callable[[str], str]) -> None:
    tokens = SignedDeviceTokens(KEY)
    text = tokens.issue(Device.register(USER, DEVICE, at=AT))
    assert text == tokens.issue(Device.register(USER, DEVICE, at=AT))
    assert not tokens.proves(spoil(text), **SHOWN)
    assert not SignedDeviceTokens(OTHER_KEY).proves(text, **SHOWN)


@pytest.mark.parametrize(("seconds", "good"), [(0, True), (299, True), (300, False), (301, False)])
def test_a_challenge_ends_after_five_minutes(seconds: int, good: bool) -> None:
    challenges = SignedChallenges(KEY)
    text = challenges.issue(USER, DEVICE, at=AT).text
    outcomes = []
    for user_id, device_id in ((USER, DEVICE), (OTHER, DEVICE), (USER, OTHER), (DEVICE, USER)):
        try:
            challenges.check(text, user_id, device_id, at=AT + timedelta(seconds=seconds))
            outcomes.append(True)
        except InvalidChallenge:
            outcomes.append(False)
    assert outcomes == [good, False, False, False]
    with pytest.raises(InvalidChallenge):
        SignedChallenges(OTHER_KEY).check(text, USER, DEVICE, at=AT)


def test_no_two_tokens_are_equal() -> None:
    challenges, refresh = SignedChallenges(KEY), SignedRefreshTokens(KEY)
    assert len({challenges.issue(USER, DEVICE, at=AT).text for _ in range(50)}) == 50
    assert len({refresh.issue(session_id=OTHER, user_id=USER, generation=1).text for _ in range(50)}) == 50


def test_a_refresh_token_names_its_session() -> None:
    issued = SignedRefreshTokens(KEY).issue(session_id=OTHER, user_id=USER, generation=7)
    read = SignedRefreshTokens(KEY).read(issued.text)
    assert (read.session_id, read.user_id, read.generation, read.digest) == (OTHER, USER, 7, issued.digest)


def test_backup_codes_are_ten_of_sixty_bits_in_groups_without_ambiguous_characters() -> None:
    codes = KeyedBackupCodes(KEY).make()
    assert len(set(codes)) == 10
    for code in codes:
        groups = code.split("-")
        assert [len(group) for group in groups] == [4, 4, 4]
        assert set("".join(groups)) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    maker = KeyedBackupCodes(KEY)
    assert maker.digest(USER, "0O1I-LLIO-ABCD") == maker.digest(USER, " 001111 10abcd ")
    assert maker.digest(USER, "ABCD") != maker.digest(OTHER, "ABCD")

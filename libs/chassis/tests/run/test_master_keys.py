"""Master keys and the digest key, from the environment or from files."""

import base64
import os
from pathlib import Path
from typing import Any, ClassVar

import pytest

from chassis.settings import ServiceSettings

KEYS = [os.urandom(32) for _ in range(3)]
TEXTS = [base64.b64encode(key).decode() for key in KEYS]


class Settings(ServiceSettings):
    NAME: ClassVar[str] = "tests"


def made(**given: Any) -> Settings:
    return Settings(**given)


def test_one_key_has_all_uses_until_there_are_others() -> None:
    alone = made(master_key=TEXTS[0])
    assert (alone.keys(), alone.digest(), alone.has_digest_key) == ((KEYS[0],), KEYS[0], False)
    all_three = made(master_key=TEXTS[0], other_master_key=TEXTS[1], digest_key=TEXTS[2])
    assert (all_three.keys(), all_three.digest(), all_three.has_digest_key) == ((KEYS[0], KEYS[1]), KEYS[2], True)


def test_keys_can_be_read_from_files(tmp_path: Path) -> None:
    files = [tmp_path / str(number) for number in range(3)]
    for file, text in zip(files, TEXTS, strict=True):
        file.write_text(f"{text}\n")
    settings = made(master_key_file=files[0], other_master_key_file=files[1], digest_key_file=files[2])
    assert (settings.keys(), settings.digest()) == ((KEYS[0], KEYS[1]), KEYS[2])


@pytest.mark.parametrize("wrong", ["c2hvcnQ=", "not base64!", TEXTS[0][:-4]], ids=["short", "not base64", "cut off"])
def test_an_invalid_key_is_refused_by_its_name(wrong: str) -> None:
    with pytest.raises(ValueError, match="ELCORP_OTHER_MASTER_KEY"):
        made(master_key=TEXTS[0], other_master_key=wrong).keys()
    with pytest.raises(ValueError, match="ELCORP_DIGEST_KEY"):
        made(master_key=TEXTS[0], digest_key=wrong).digest()

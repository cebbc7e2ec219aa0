import base64
from pathlib import Path

import pytest

from elcorp_local import secrets
from elcorp_local.secrets import SecretInvalid


@pytest.fixture(autouse=True)
def nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ELCORP_ADMIN_PASSWORD", raising=False)
    monkeypatch.delenv("ELCORP_ADMIN_EMAIL", raising=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "secrets.env"


def test_secrets_are_created_once_and_only_their_owner_can_read_them(file: Path) -> None:
    made, new = secrets.load_or_create(file)
    again, newly = secrets.load_or_create(file)
    assert (new, newly) == (True, False)
    assert made == again
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(base64.b64decode(made["ELCORP_MASTER_KEY"])) == 32
    assert (
        len({value for name, value in made.items() if name.endswith(("OWNER_PASSWORD", "APP_PASSWORD", "RELAY_PASSWORD"))}) == 12
    )


def test_a_generated_password_meets_the_rules() -> None:
    for _ in range(50):
        made = secrets.password()
        assert len(made) >= 16
        assert any(character.islower() for character in made)
        assert any(character.isupper() for character in made)
        assert any(character.isdigit() for character in made)
        assert any(character in "!@#$%^&*" for character in made)


def test_the_administrators_password_may_come_from_the_environment(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELCORP_ADMIN_PASSWORD", "Chosen=by-the-operator-1!")
    made, _ = secrets.load_or_create(file)
    assert made["ELCORP_ADMIN_PASSWORD"] == "Chosen=by-the-operator-1!"
    assert secrets.load(file)["ELCORP_ADMIN_PASSWORD"] == "Chosen=by-the-operator-1!"


@pytest.mark.parametrize(
    "weak",
    [
        "Short-1!",
        "no-upper-case-letter-1!",
        "NO-LOWER-CASE-LETTER-1!",
        "No-digit-at-all-here!",
        "NoSpecial1Character",
        "A-new-line-1!\nX=Y",
    ],
)
def test_a_password_that_the_platform_would_refuse_is_refused_at_the_start(
    file: Path, monkeypatch: pytest.MonkeyPatch, weak: str
) -> None:
    monkeypatch.setenv("ELCORP_ADMIN_PASSWORD", weak)
    with pytest.raises(SecretInvalid, match="ELCORP_ADMIN_PASSWORD"):
        secrets.load_or_create(file)
    assert not file.exists()


def test_missing_secrets_are_added_to_an_older_file_and_others_stay(file: Path) -> None:
    made, _ = secrets.load_or_create(file)
    file.write_text(f"ELCORP_MASTER_KEY={made['ELCORP_MASTER_KEY']}\n")
    completed, new = secrets.load_or_create(file)
    assert not new
    assert completed.keys() == made.keys()
    assert completed["ELCORP_MASTER_KEY"] == made["ELCORP_MASTER_KEY"]
    assert secrets.load(file) == completed

"""What auditors keep is read in every form in which it reaches them."""

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from compliance.domain.checkpoint import Checkpoint, split_notes
from compliance.interfaces.kept_notes import NotKept, read_key, read_notes
from services.compliance.tests.fakes.log_signer import Signer

SIGNER = Signer()
NOTES = [Checkpoint(SIGNER.key.name, size, bytes(32)).sign(SIGNER.key, SIGNER.sign) for size in (1, 2, 3)]
WITNESSED = f"{NOTES[0]}\u2014 witness.example c2lnbmF0dXJl\n"


@pytest.mark.parametrize("between", ["", "\n", "\n\n\n"])
def test_notes_are_split_whatever_is_between_them(between: str) -> None:
    notes = [WITNESSED, *NOTES]
    assert split_notes(between.join(["", *notes, ""])) == notes


def test_garbage_and_notes_that_were_cut_off_are_kept_as_they_are() -> None:
    assert split_notes("") == []
    assert split_notes("\n\n") == []
    assert split_notes("garbage") == ["garbage"]
    assert split_notes(NOTES[0] + NOTES[1][:20]) == [NOTES[0], NOTES[1][:20]]


def test_notes_come_from_files_responses_and_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    several, one, garbage = tmp_path / "several", tmp_path / "one.json", tmp_path / "garbage"
    several.write_text(f"{NOTES[0]}\n{NOTES[1]}")
    one.write_text(json.dumps({"status": "success", "data": {"size": 3, "note": NOTES[2]}}))
    garbage.write_bytes(b"\xff\x00")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(NOTES[0].encode())))

    kept = read_notes([str(several), str(one), "-", str(garbage)])

    assert [(each.source, each.note) for each in kept] == [
        (f"{several} (note 1)", NOTES[0]),
        (f"{several} (note 2)", NOTES[1]),
        (str(one), NOTES[2]),
        ("standard input", NOTES[0]),
        (str(garbage), "\ufffd\0"),
    ]


def test_a_file_that_proves_nothing_is_refused(tmp_path: Path) -> None:
    """It would otherwise look as if it had been compared."""
    empty, missing = tmp_path / "empty", tmp_path / "missing"
    empty.touch()
    for file, problem in ((empty, "holds no checkpoint"), (missing, "cannot be read: No such file")):
        with pytest.raises(NotKept, match=problem):
            read_notes([str(file)])


def test_a_key_is_given_as_text_in_a_file_or_as_a_response(tmp_path: Path) -> None:
    text, answer = tmp_path / "key", tmp_path / "key.json"
    text.write_text(f"{SIGNER.key.text}\n")
    answer.write_text(json.dumps({"status": "success", "data": {"key": SIGNER.key.text}}))
    for given in (SIGNER.key.text, str(text), str(answer)):
        assert read_key(given) == SIGNER.key
    text.write_text("nothing")
    with pytest.raises(NotKept, match="verifier key"):
        read_key(str(text))
    with pytest.raises(NotKept, match="cannot be read"):
        read_key("no key and no file")

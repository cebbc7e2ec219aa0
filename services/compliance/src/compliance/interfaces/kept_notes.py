"""Read what an auditor kept outside the database: the log's key, and checkpoints."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from compliance.application.ports.audit import KeptNote
from compliance.domain.checkpoint import MalformedNote, VerifierKey, split_notes

STDIN = "-"


class NotKept(Exception):
    """A file that was given cannot be read, or has no key or checkpoint. The message says which."""


def read_key(given: str) -> VerifierKey:
    """Read a verifier key, given as text or in a file. Raises NotKept."""
    try:
        return VerifierKey.parse(given)
    except MalformedNote:
        pass
    try:
        return VerifierKey.parse(_unwrapped(_read(given), "key"))
    except MalformedNote as error:
        raise NotKept(f"--key: neither {given} nor its content is a verifier key: {error}") from error


def read_notes(files: Iterable[str]) -> list[KeptNote]:
    """Read all notes of files, of which one may be `-` for standard input. Raises NotKept."""
    return [note for file in files for note in _notes_of(file)]


def _notes_of(file: str) -> list[KeptNote]:
    name = "standard input" if file == STDIN else file
    notes = split_notes(_unwrapped(_read(file), "note"))
    if not notes:
        raise NotKept(f"--checkpoint: {name} holds no checkpoint")
    if len(notes) == 1:
        return [KeptNote(name, notes[0])]
    return [KeptNote(f"{name} (note {number})", note) for number, note in enumerate(notes, 1)]


def _read(file: str) -> str:
    try:
        content = sys.stdin.buffer.read() if file == STDIN else Path(file).read_bytes()
    except OSError as error:
        raise NotKept(f"{file} cannot be read: {error.strerror}") from error
    # Garbage is a note that does not verify, not a failure to read it.
    return content.decode(errors="replace")


def _unwrapped(content: str, name: str) -> str:
    """Take a field out of a response of the API, if the file is one."""
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return content
    data = answer.get("data", answer) if isinstance(answer, dict) else None
    found = data.get(name) if isinstance(data, dict) else None
    return found if isinstance(found, str) else content

"""How the log's tables store the ids and words that entries are found by."""

import re
from hashlib import sha256
from uuid import UUID

# As str(UUID) writes it; any other spelling is just a text.
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def subject_key(subject_id: str) -> UUID:
    """Shorten what an entry is found by to 16 bytes: a UUID is itself, another text the beginning of its SHA-256."""
    return UUID(subject_key_text(subject_id))


def subject_key_text(subject_id: str) -> str:
    """Write a subject's key as PostgreSQL reads it."""
    return subject_id if _UUID.fullmatch(subject_id) else sha256(subject_id.encode()).hexdigest()[:32]


def storable(name: str) -> str:
    # A leaf can hold a NUL, PostgreSQL's text cannot; no fact stays out of the log for it.
    return name.replace("\0", "\ufffd") if "\0" in name else name

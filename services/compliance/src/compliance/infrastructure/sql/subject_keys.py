"""The form in which the log's tables store the ids and words that entries are searched by."""

import re
from hashlib import sha256
from uuid import UUID

# A UUID as str(UUID) writes it. Any other spelling is treated as text.
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def subject_key(subject_id: str) -> UUID:
    """Return the 16-byte key of a subject: a UUID itself, or the beginning of the SHA-256 of any other text."""
    return UUID(subject_key_text(subject_id))


def subject_key_text(subject_id: str) -> str:
    """Return a subject's key as PostgreSQL text."""
    return subject_id if _UUID.fullmatch(subject_id) else sha256(subject_id.encode()).hexdigest()[:32]


def storable(name: str) -> str:
    # A leaf can contain a NUL, but PostgreSQL's text cannot. Replace it, so that no fact is refused for it.
    return name.replace("\0", "\ufffd") if "\0" in name else name

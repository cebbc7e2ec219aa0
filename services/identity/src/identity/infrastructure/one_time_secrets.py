"""Secrets that are shown once and recognised by their digest: 256 random bits, so without salt or stretching."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from chassis.crypto.keys import derive
from identity.application.ports.one_time_secrets import OneTimeSecret
from identity.domain.typed_code import read_code

_SECRET_BYTES: Final = 32
_BACKUP_CODES: Final = 10
# Crockford's base32 without I, L, O and U, which are easily misread. Twelve characters are 60 bits.
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_LENGTH: Final = 12
_GROUP: Final = 4
_READ_AS: Final = str.maketrans("ILO", "110")


class RandomSecrets:
    def issue(self) -> OneTimeSecret:
        text = secrets.token_urlsafe(_SECRET_BYTES)
        return OneTimeSecret(text, self.digest(text))

    def digest(self, text: str) -> bytes:
        return hashlib.sha256(text.encode()).digest()


class KeyedBackupCodes:
    """Backup codes as HMAC-SHA-256 of the user's id (the salt) and the code, under a key that is not in the database."""

    def __init__(self, master_key: bytes) -> None:
        self._key = derive(master_key, "backup-codes/v1")

    def make(self) -> Sequence[str]:
        return [_grouped("".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))) for _ in range(_BACKUP_CODES)]

    def digest(self, user_id: UUID, code: str) -> bytes:
        typed = read_code(code).upper().translate(_READ_AS)
        return hmac.digest(self._key, user_id.bytes + typed.encode(), hashlib.sha256)


def _grouped(code: str) -> str:
    return "-".join(code[start : start + _GROUP] for start in range(0, len(code), _GROUP))

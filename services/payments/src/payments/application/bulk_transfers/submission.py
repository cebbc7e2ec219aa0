import hashlib
import json
from dataclasses import dataclass

from payments.domain.bulk_file import BulkFile
from payments.domain.transfer_order import Signature, signed_digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A file as it was handed in, and read. `is_dry_run`: the file or the request beside it says so."""

    key: str
    media_type: str
    body: bytes
    file: BulkFile
    request_hash: bytes
    signature: Signature | None
    is_dry_run: bool

    @property
    def signed_text(self) -> bytes:
        """What a payer signs of a file: its key, the digest of its bytes, and what a file may leave to the request to say."""
        file = self.file
        return signed_digest(
            "elcorp-bulk-v1",
            self.key,
            self.body,
            source_wallet_id=str(file.source_id),
            currency=file.currency,
            mode=file.mode.value,
        )


def hash_of(file: BulkFile) -> bytes:
    """Hash what a file asks for, however it was written."""
    lines = [[str(line.target_id), line.amount.text, line.description, line.reference] for line in file.lines]
    asked = [str(file.source_id), file.currency, file.mode, file.label, lines]
    return hashlib.sha256(json.dumps(asked, separators=(",", ":")).encode()).digest()

import hashlib
import json
from dataclasses import dataclass

from kernel.objects import Upload
from payments.domain.bulk_file import BulkFile
from payments.domain.transfer_order import Signature, signed_file


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A submitted file, parsed. `is_dry_run`: the file or the request asks for a dry run."""

    key: str
    upload: Upload
    file: BulkFile
    request_hash: bytes
    signature: Signature | None
    is_dry_run: bool

    @property
    def signed_text(self) -> bytes:
        """The text that a payer signs for a file: its key, the digest of its bytes, and the request's parameters for the file."""
        file = self.file
        return signed_file(
            "elcorp-bulk-v1",
            self.key,
            self.upload.file.digest,
            source_wallet_id=str(file.source_id),
            currency=file.currency,
            mode=file.mode.value,
        )


def hash_of(file: BulkFile) -> bytes:
    """Hash the content of a file, independent of its format."""
    lines = [[str(line.target_id), line.amount.text, line.description, line.reference] for line in file.lines]
    asked = [str(file.source_id), file.currency, file.mode, file.label, lines]
    return hashlib.sha256(json.dumps(asked, separators=(",", ":")).encode()).digest()

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from payments.application.ports.bulk_transfers import FileDefaults, Reader
from payments.domain.bulk_file import BulkFile
from payments.domain.errors import UnknownFormat
from payments.domain.transfer_order import Signature, require_callers_key, signed_digest


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


@dataclass(frozen=True, slots=True)
class ReadSubmission:
    readers: Mapping[str, Reader]

    async def __call__(
        self, *, key: str, media_type: str, body: bytes, given: FileDefaults, signature: Signature | None = None
    ) -> Submission:
        """Raise InvalidValues (what is wrong where), UnknownFormat, InvalidValue for a key that no request may have."""
        require_callers_key(key)
        if media_type not in self.readers:
            raise UnknownFormat(field="Content-Type", known=sorted(self.readers))
        # A large file takes a moment to read, in which others are to be answered.
        file, request_hash = await asyncio.to_thread(self._read, self.readers[media_type], body, given)
        return Submission(
            key=key,
            media_type=media_type,
            body=body,
            file=file,
            request_hash=request_hash,
            signature=signature,
            is_dry_run=file.dry_run or given.dry_run,
        )

    @staticmethod
    def _read(reader: Reader, body: bytes, given: FileDefaults) -> tuple[BulkFile, bytes]:
        file = BulkFile.read(reader(body, given))
        return file, hash_of(file)


def hash_of(file: BulkFile) -> bytes:
    """Hash what a file asks for, however it was written."""
    lines = [[str(line.target_id), line.amount.text, line.description, line.reference] for line in file.lines]
    asked = [str(file.source_id), file.currency, file.mode, file.label, lines]
    return hashlib.sha256(json.dumps(asked, separators=(",", ":")).encode()).digest()

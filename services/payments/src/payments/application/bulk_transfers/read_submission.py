import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from kernel.clock import Clock
from kernel.objects import Upload
from payments.application.bulk_transfers.submission import Submission, hash_of
from payments.application.ports.bulk_transfers import FileDefaults, Reader
from payments.domain.bulk_file import BulkFile
from payments.domain.errors import UnknownFormat
from payments.domain.limits import day_of
from payments.domain.transfer_order import Signature, require_callers_key


@dataclass(frozen=True, slots=True)
class ReadSubmission:
    """Read a file in the format of its media type. Request parameters supply what the file does not contain."""

    readers: Mapping[str, Reader]
    clock: Clock

    async def __call__(
        self,
        *,
        key: str,
        upload: Upload,
        source: str = "",
        currency: str = "",
        mode: str = "",
        dry_run: bool = False,
        signature: Signature | None = None,
    ) -> Submission:
        """Raise InvalidValues with the place of each fault, UnknownFormat, or InvalidValue for an invalid key."""
        require_callers_key(key)
        media_type = upload.file.media_type
        if media_type not in self.readers:
            raise UnknownFormat(field="Content-Type", known=sorted(self.readers))
        given = FileDefaults(today=day_of(self.clock.now()), source=source, currency=currency, mode=mode, dry_run=dry_run)
        # Parse in a thread: a large file would block other requests.
        file, request_hash = await asyncio.to_thread(_read, self.readers[media_type], upload, given)
        return Submission(
            key=key,
            upload=upload,
            file=file,
            request_hash=request_hash,
            signature=signature,
            is_dry_run=file.dry_run or given.dry_run,
        )


def _read(reader: Reader, upload: Upload, given: FileDefaults) -> tuple[BulkFile, bytes]:
    # Whole, because the readers report each fault with its place; the route limits the size.
    file = BulkFile.read(reader(upload.read(), given))
    return file, hash_of(file)

"""A key for each data subject, wrapped by the master key: destroying the wrapped key erases all that it sealed."""

import os

from chassis.crypto.keys import KEY_BYTES, derive
from chassis.crypto.sealing import Sealer, SealerRing, field_context


class SubjectKeys:
    """Makes and opens subjects' data keys; the wrapped form is what the database keeps.

    `others` are master keys that one replaces, or is about to: what they wrapped is still opened.
    """

    def __init__(self, master_key: bytes, *others: bytes) -> None:
        self._wrapper = SealerRing(*(derive(key, "subject-keys/v1") for key in (master_key, *others)))

    def new(self, subject_id: str) -> bytes:
        """Make a data key and return it wrapped, for this subject only."""
        return self._wrapper.seal(os.urandom(KEY_BYTES), _context(subject_id))

    def sealer(self, subject_id: str, wrapped: bytes) -> Sealer:
        """Unwrap a subject's key; raises UnsealableError when it is damaged or another subject's."""
        return Sealer(self._wrapper.open(wrapped, _context(subject_id)))

    def rewrap(self, subject_id: str, wrapped: bytes) -> bytes | None:
        """Wrap a subject's key with the master key; None when it is so already. What it sealed need not be touched."""
        return self._wrapper.reseal(wrapped, _context(subject_id))


def _context(subject_id: str) -> bytes:
    return field_context("subject_keys", "wrapped", subject_id)

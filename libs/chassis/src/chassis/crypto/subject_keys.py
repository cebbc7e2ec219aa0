"""A key for each data subject, wrapped by the master key: destroying the wrapped key erases all that it sealed."""

import os

from chassis.crypto.keys import KEY_BYTES, derive
from chassis.crypto.sealing import Sealer, field_context


class SubjectKeys:
    """Makes and opens subjects' data keys; the wrapped form is what the database keeps."""

    def __init__(self, master_key: bytes) -> None:
        self._wrapper = Sealer(derive(master_key, "subject-keys/v1"))

    def new(self, subject_id: str) -> bytes:
        """Make a data key and return it wrapped, for this subject only."""
        return self._wrapper.seal(os.urandom(KEY_BYTES), _context(subject_id))

    def sealer(self, subject_id: str, wrapped: bytes) -> Sealer:
        """Unwrap a subject's key; raises UnsealableError when it is damaged or another subject's."""
        return Sealer(self._wrapper.open(wrapped, _context(subject_id)))


def _context(subject_id: str) -> bytes:
    return field_context("subject_keys", "wrapped", subject_id)

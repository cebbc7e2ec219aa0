"""A key for each data subject, wrapped by the master key: destroying the wrapped key erases everything sealed with it."""

import os

from chassis.crypto.keys import KEY_BYTES, derive
from chassis.crypto.sealing import Sealer, SealerRing, field_context


class SubjectKeys:
    """Creates and unwraps subjects' data keys; the database stores the wrapped form.

    `others` are other master keys during a replacement: keys that they wrapped can still be unwrapped.
    """

    def __init__(self, master_key: bytes, *others: bytes) -> None:
        self._wrapper = SealerRing(*(derive(key, "subject-keys/v1") for key in (master_key, *others)))

    def new(self, subject_id: str) -> bytes:
        """Create a data key and return it wrapped, for this subject only."""
        return self._wrapper.seal(os.urandom(KEY_BYTES), _context(subject_id))

    def sealer(self, subject_id: str, wrapped: bytes) -> Sealer:
        """Unwrap a subject's key; raises UnsealableError if it is damaged or another subject's."""
        return Sealer(self._wrapper.open(wrapped, _context(subject_id)))

    def rewrap(self, subject_id: str, wrapped: bytes) -> bytes | None:
        """Wrap a subject's key with the present master key, None if it already is. Values sealed with the key do not change."""
        return self._wrapper.reseal(wrapped, _context(subject_id))


def _context(subject_id: str) -> bytes:
    return field_context("subject_keys", "wrapped", subject_id)

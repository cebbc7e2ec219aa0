from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from kernel.clock import Clock
from kernel.objects import ObjectClaims, ObjectStore

# Far longer than a request between its claim and its commit.
UNUSED_AGE: Final = timedelta(hours=24)
_AT_A_TIME: Final = 200


@dataclass(frozen=True, slots=True)
class CollectObjects:
    """Remove files that no row refers to: their requests were refused, failed, or were killed.

    A file is first marked, so that requests that submit the same bytes wait for its removal instead of referring to it.
    """

    claims: ObjectClaims
    objects: ObjectStore
    clock: Clock

    async def __call__(self) -> int:
        """Return how many files were removed, at most _AT_A_TIME. Raise ObjectsUnavailable."""
        before = self.clock.now() - UNUSED_AGE
        await self.objects.remove_fragments(before=before)
        unused = await self.claims.take_unused(claimed_before=before, limit=_AT_A_TIME)
        for digest in unused:
            await self.objects.remove(digest)
            await self.claims.forget(digest)
        return len(unused)

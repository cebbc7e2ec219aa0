from collections.abc import Sequence
from dataclasses import dataclass

from compliance.application.ports.screening import BlockList
from compliance.domain.screening import ScreenedTransfer


@dataclass(frozen=True, slots=True)
class ScreenTransfers:
    """Return for each transfer the reason why it is refused, or None. One query serves all transfers."""

    block_list: BlockList

    async def __call__(self, *, transfers: Sequence[ScreenedTransfer]) -> list[str | None]:
        subjects = {subject for transfer in transfers for subject in transfer.subjects}
        blocked = await self.block_list.in_force(subjects)
        return [next((blocked[subject] for subject in transfer.subjects if subject in blocked), None) for transfer in transfers]

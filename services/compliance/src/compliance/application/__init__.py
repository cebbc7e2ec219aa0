"""What compliance can do: the table of contents."""

from dataclasses import dataclass

from compliance.application.prove import Prove
from compliance.application.queries import ComplianceQueries
from compliance.application.read_entries import ListEntries, ReadEntry
from compliance.application.read_trail import FindFirstEntry, ReadTrail
from compliance.application.screen_transfers import ScreenTransfers
from compliance.application.screening_blocks import LiftBlock, ListBlocks, PlaceBlock
from compliance.domain.checkpoint import VerifierKey


@dataclass(frozen=True, slots=True)
class Compliance:
    screen_transfers: ScreenTransfers
    list_blocks: ListBlocks
    place_block: PlaceBlock
    lift_block: LiftBlock
    prove: Prove
    list_entries: ListEntries
    read_entry: ReadEntry
    read_trail: ReadTrail
    find_first_entry: FindFirstEntry
    queries: ComplianceQueries
    key: VerifierKey

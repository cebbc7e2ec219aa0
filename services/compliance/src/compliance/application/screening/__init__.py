"""Use cases for screening and screening blocks."""

from dataclasses import dataclass

from compliance.application.screening.lift_screening_block import LiftScreeningBlock
from compliance.application.screening.list_screening_blocks import ListScreeningBlocks
from compliance.application.screening.place_screening_block import PlaceScreeningBlock
from compliance.application.screening.screen_transfers import ScreenTransfers


@dataclass(frozen=True, slots=True)
class Screening:
    list_screening_blocks: ListScreeningBlocks
    place_screening_block: PlaceScreeningBlock
    lift_screening_block: LiftScreeningBlock
    screen_transfers: ScreenTransfers

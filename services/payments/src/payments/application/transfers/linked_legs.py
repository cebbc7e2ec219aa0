"""The legs of linked transfers: how many there may be, and how a refusal names the one that it is for."""

from typing import Final

from kernel.errors import DomainError, Kind

LINKED_MAX: Final = 100


def name_leg(refusal: DomainError) -> None:
    """Put the leg before the name of the field that is not acceptable in it."""
    if refusal.kind is Kind.INVALID and refusal.field and "leg" in refusal.facts:
        refusal.field = f"legs.{refusal.facts['leg']}.{refusal.field}"

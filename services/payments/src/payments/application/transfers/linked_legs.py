"""The legs of linked transfers: their maximum number, and how a refusal names its leg."""

from typing import Final

from kernel.errors import DomainError, Kind

LINKED_MAX: Final = 100


def name_leg(refusal: DomainError) -> None:
    """Prefix the field name in a refusal with its leg."""
    if refusal.kind is Kind.INVALID and refusal.field and "leg" in refusal.facts:
        refusal.field = f"legs.{refusal.facts['leg']}.{refusal.field}"

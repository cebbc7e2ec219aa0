"""From where a request came: the address, and what the program said of itself."""

from dataclasses import dataclass
from typing import Final, Self

# What browsers send is shorter; the rest of a longer one says nothing more of the program.
_USER_AGENT_LENGTH_MAX: Final = 512


@dataclass(frozen=True, slots=True)
class Origin:
    """Personal data: it is kept sealed."""

    address: str
    user_agent: str

    @classmethod
    def of(cls, address: str, user_agent: str) -> Self:
        return cls(address, user_agent[:_USER_AGENT_LENGTH_MAX])

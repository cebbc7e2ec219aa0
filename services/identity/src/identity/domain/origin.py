"""The origin of a request: the IP address and the User-Agent."""

from dataclasses import dataclass
from typing import Final, Self

# Browsers send less. The rest of a longer User-Agent does not help to identify the program.
_USER_AGENT_LENGTH_MAX: Final = 512


@dataclass(frozen=True, slots=True)
class Origin:
    """Personal data, so it is stored sealed."""

    address: str
    user_agent: str

    @classmethod
    def of(cls, address: str, user_agent: str) -> Self:
        return cls(address, user_agent[:_USER_AGENT_LENGTH_MAX])

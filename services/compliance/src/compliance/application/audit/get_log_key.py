from dataclasses import dataclass

from compliance.domain.checkpoint import VerifierKey


@dataclass(frozen=True, slots=True)
class GetLogKey:
    """Get the public key that verifies the log's checkpoints."""

    key: VerifierKey

    async def __call__(self) -> VerifierKey:
        return self.key

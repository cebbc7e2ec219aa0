from dataclasses import dataclass

from compliance.application.audit.views import AuditViews, CheckpointView
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class GetCheckpoint:
    """Get the latest signed checkpoint."""

    views: AuditViews

    async def __call__(self) -> CheckpointView:
        """Raise NotFound before the first checkpoint is signed."""
        if checkpoint := await self.views.latest_checkpoint():
            return checkpoint
        raise NotFound(checkpoint="none has been signed yet")

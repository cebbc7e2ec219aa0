"""How a screening block appears in the audit log."""

from typing import Final

from compliance.domain.screening import ScreeningBlock
from kernel.audit import Audited

BLOCK: Final = Audited[ScreeningBlock](
    action="compliance.screening_block",
    resource_type="screening_block",
    state=lambda block: {"subject_id": str(block.subject_id), "standing": block.lifted_at is None},
    id_of=lambda block: block.id,
    related=lambda block: (str(block.subject_id),),
)

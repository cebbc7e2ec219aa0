"""Use cases for questions about access: who may do what, why, and what a change would do."""

from dataclasses import dataclass

from governance.application.access.explain_access import ExplainAccess
from governance.application.access.get_user_access import GetUserAccess
from governance.application.access.list_who_can import ListWhoCan
from governance.application.access.preview_assignment import PreviewAssignment


@dataclass(frozen=True, slots=True)
class Access:
    get_user_access: GetUserAccess
    explain_access: ExplainAccess
    list_who_can: ListWhoCan
    preview_assignment: PreviewAssignment

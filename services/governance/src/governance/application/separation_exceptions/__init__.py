"""Use cases for exceptions from separations of duties."""

from dataclasses import dataclass

from governance.application.separation_exceptions.approve_separation_exception import ApproveSeparationException
from governance.application.separation_exceptions.ask_separation_exception import AskSeparationException
from governance.application.separation_exceptions.end_separation_exception import EndSeparationException
from governance.application.separation_exceptions.list_separation_exceptions import ListSeparationExceptions


@dataclass(frozen=True, slots=True)
class SeparationExceptions:
    list_separation_exceptions: ListSeparationExceptions
    ask_separation_exception: AskSeparationException
    approve_separation_exception: ApproveSeparationException
    end_separation_exception: EndSeparationException

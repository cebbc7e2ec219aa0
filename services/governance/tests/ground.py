"""What state machines of governance run on."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from services.governance.tests.fakes.subjects import FakeSubjects


@dataclass
class Ground:
    """The rules run in a Hypothesis thread; their calls run on the test's event loop."""

    database: Database
    clock: ControlledClock
    loop: asyncio.AbstractEventLoop
    subjects: FakeSubjects

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=300)

"""Hypothesis' state machines."""

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test


def run_machine(machine: type[RuleBasedStateMachine], *, examples: int, steps: int) -> None:
    """Run the rules in many orders, which are the same in each run unless pytest runs with `--explore`.

    What rules draw, and whether they may run, must depend only on earlier draws: not on the time, on ids or on data of other
    examples, or Hypothesis cannot repeat an example.
    """
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=examples, stateful_step_count=steps, suppress_health_check=list(HealthCheck)),
    )

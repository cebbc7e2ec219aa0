import pytest


@pytest.fixture(autouse=True)
def patient_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a call to a peer take its time: how long it takes is the machine's affair. Deadlines have tests in chassis."""
    monkeypatch.setattr("chassis.rpc.deadlines.CALL_SECONDS", 10.0)

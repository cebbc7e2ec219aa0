"""What each process has, as its settings say."""

import pytest
from procrastinate import RetryStrategy
from pydantic import SecretStr

from chassis.run import main
from chassis.testing.databases import DatabaseUrls
from identity.bootstrap import SERVICE
from identity.bootstrap.jobs import jobs
from identity.interfaces.rest import dev, served
from identity.settings import IdentitySettings


@pytest.mark.parametrize(("environment", "shown"), [("local", True), ("staging", False), ("production", False)])
def test_the_mailbox_is_served_locally_alone(settings: IdentitySettings, environment: str, shown: bool) -> None:
    configured = settings.model_copy(update={"environment": environment})
    assert (dev in served(mailbox=configured.has_mailbox)) is shown


def test_what_falls_due_is_done_on_schedule(settings: IdentitySettings, database_urls: DatabaseUrls) -> None:
    app = jobs(settings.model_copy(update={"database_url": SecretStr(database_urls.app)}))
    schedule = {name: task.cron for (name, _), task in app.periodic_registry.periodic_tasks.items()}
    assert {name: cron for name, cron in schedule.items() if name.startswith("identity:")} == {
        "identity:rotate_signing_keys": "5 * * * *",
        "identity:end_overdue_sessions": "*/15 * * * *",
        "identity:carry_out_erasures": "* * * * *",
        "identity:purge_codes": "25 * * * *",
        "identity:purge_challenges": "40 * * * *",
    }


def test_jobs_run_one_at_a_time_and_deliveries_are_tried_again_for_an_hour(
    settings: IdentitySettings, database_urls: DatabaseUrls
) -> None:
    app = jobs(settings.model_copy(update={"database_url": SecretStr(database_urls.app)}))
    own = {name.removeprefix("identity:"): task for name, task in app.tasks.items() if name.startswith("identity:")}
    due = ["rotate_signing_keys", "end_overdue_sessions", "carry_out_erasures", "purge_codes", "purge_challenges"]
    queued = {name: (task.queue, task.queueing_lock) for name, task in own.items() if name in {*due, "deliver_message"}}
    assert queued == {"deliver_message": ("messages", None)} | {name: ("maintenance", name) for name in due}
    # Whatever is done on schedule is done again at the next time. A delivery waits 2, 4, 8, … seconds, eleven times.
    retries = {name: task.retry_strategy for name, task in own.items() if task.retry_strategy}
    assert retries == {"deliver_message": RetryStrategy(max_attempts=11, exponential_wait=2)}


@pytest.mark.parametrize("name", ["create-admin", "rotate-keys", "unlock", "rotate-master-key"])
def test_commands_tell_what_they_do(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(SERVICE, [name, "--help"])
    told = capsys.readouterr().out
    assert (left.value.code, SERVICE.commands[name].help in " ".join(told.split())) == (0, True)

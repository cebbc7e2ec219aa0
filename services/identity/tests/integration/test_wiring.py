"""What each process has, as its settings say."""

import pytest
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


@pytest.mark.parametrize("name", ["create-admin", "rotate-keys", "unlock", "rotate-master-key"])
def test_commands_tell_what_they_do(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(SERVICE, [name, "--help"])
    told = capsys.readouterr().out
    assert (left.value.code, SERVICE.commands[name].help in " ".join(told.split())) == (0, True)

"""How payments' processes are put together: the only package that names concrete classes."""

from chassis.run import Service
from chassis.run.folders import migrations_of
from payments.bootstrap.commands import COMMANDS
from payments.bootstrap.jobs import jobs
from payments.bootstrap.processes import serving, working
from payments.settings import PaymentsSettings

SERVICE = Service(
    name=PaymentsSettings.NAME,
    settings=PaymentsSettings,
    serving=serving,
    working=working,
    migrations=migrations_of(PaymentsSettings.NAME),
    jobs=jobs,
    job_peers=PaymentsSettings.PEERS,
    commands=COMMANDS,
)

"""How identity's processes are put together: the only package that names concrete classes."""

from chassis.run import Service
from chassis.run.folders import migrations_of
from identity.bootstrap.commands import COMMANDS
from identity.bootstrap.jobs import jobs
from identity.bootstrap.processes import serving, working
from identity.settings import IdentitySettings

SERVICE = Service(
    name=IdentitySettings.NAME,
    settings=IdentitySettings,
    serving=serving,
    working=working,
    migrations=migrations_of(IdentitySettings.NAME),
    jobs=jobs,
    commands=COMMANDS,
)

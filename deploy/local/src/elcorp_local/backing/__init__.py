"""PostgreSQL, RabbitMQ and Redis for one checkout, from the first source that works.

URLs in the environment; else the machine's own binaries, run privately on own ports; else, as root on Debian or Ubuntu,
the distribution's packages; else a Docker engine. A system instance is never touched.
"""

from elcorp_local.backing.certificates import ServerCertificates
from elcorp_local.backing.servers import Backing, start_backing
from elcorp_local.port_numbers import Ports

__all__ = ["Backing", "Ports", "ServerCertificates", "start_backing"]

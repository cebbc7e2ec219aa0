"""PostgreSQL, RabbitMQ and Redis for one checkout, from the first source that works.

Sources: URLs in the environment; the machine's own binaries, run privately on separate ports; as root on Debian or Ubuntu, the
distribution's packages; a Docker engine. System instances are never used.
"""

from elcorp_local.backing.certificates import ServerCertificates
from elcorp_local.backing.servers import Backing, start_backing
from elcorp_local.port_numbers import Ports

__all__ = ["Backing", "Ports", "ServerCertificates", "start_backing"]

"""Two authorities, and certificates mounted of either."""

import pytest

from chassis.testing.certificates import Authority, MountedSecret
from libs.chassis.tests.rpc.renewal.mounted_certificates import NAMES, Ticks, watching


@pytest.fixture
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def mount(tmp_path_factory, authority):
    """Mount a side's certificate, of the authority unless others are given."""

    def mounted(side, issued=None, authorities=None):
        folder = tmp_path_factory.mktemp(side)
        return MountedSecret(folder, issued or authority.certify(*NAMES[side]), authorities or authority.pem)

    return mounted


@pytest.fixture
def watched(mount):
    """A mounted certificate, and how a process looks at it by a clock that the test moves."""
    mounted, ticks = mount("client"), Ticks()
    return watching(mounted, ticks), mounted, ticks


@pytest.fixture
def always_looking(monkeypatch):
    """Look at the files at each call and handshake, so that no test waits for the next second."""
    monkeypatch.setattr("chassis.rpc.tls.LOOK_EVERY_SECONDS", 0.0)

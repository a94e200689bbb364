"""Where keys are not, and how Debian starts its servers: as daemons, as other users, behind chroot()."""

import contextlib
import os
import signal
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet import Fleet, Tenant, wait_until
from needles import private_key_needles
from offloaded_keys import OffloadedKeys
from process_memory import find
from step_client import StepClient, client_context
from stock_servers import HELLO, Haproxy, Nginx, StockServer, hello_in_plaintext
from test_stock_servers_trouble import ask

KEY_TYPES = ("ecdsa", "rsa", "ed25519")
SIGNING = {"offload": ["signing"]}
VERSIONS = ("1.2", "1.3")
SERVERS = {"nginx": Nginx, "haproxy": Haproxy,
           "haproxy_async": lambda fleet, keys: Haproxy(fleet, keys, threads=2, asynchronous=True)}

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root reads another process's memory, and changes users")


def name_of(key_type: str) -> str:
    return f"{key_type}.baton.test"


@contextlib.contextmanager
def key_store(directory: Path) -> Iterator[Fleet]:
    tenants = [Tenant([name_of(key_type)], [key_type], dict(SIGNING)) for key_type in KEY_TYPES]
    fleet = Fleet(directory, tenants, identity_settings=SIGNING)
    with fleet.not_started():
        fleet.keystore.start().wait_event("started")
        yield fleet


def get_with_each_key(fleet: Fleet, port: int) -> None:
    for key_type in KEY_TYPES:
        for version in VERSIONS:
            with StepClient(port, name_of(key_type), client_context(fleet.ca_file, version)) as client:
                ask(client.establish())


@pytest.mark.parametrize("make", SERVERS.values(), ids=SERVERS.keys())
def test_no_process_of_the_server_has_a_private_key(tmp_path, make):
    with key_store(tmp_path) as fleet, make(fleet, OffloadedKeys(fleet)) as server:
        by_key = {name_of(key_type): private_key_needles(tenant.leaves[0].key_file)
                  for key_type, tenant in zip(KEY_TYPES, fleet.tenants)}
        needles = {name: needle for forms in by_key.values() for name, needle in forms.items()}
        get_with_each_key(fleet, server.port)
        for pid in (server.pid, *server.workers()):
            assert find(pid, needles) == set()
        # The positive controls: the key store has them, and the server has the key of its own link.
        in_key_store = find(fleet.keystore.pid, needles)
        for name, forms in by_key.items():
            assert in_key_store & set(forms), f"the search does not even find {name} in the key store"
        of_the_link = private_key_needles(fleet.proxy_dir / "app1.internal-ecdsa-client.key")
        for pid in server.workers():
            assert find(pid, of_the_link)


def user_of(pid: int) -> int:
    return os.stat(f"/proc/{pid}").st_uid


@pytest.mark.parametrize("make", SERVERS.values(), ids=SERVERS.keys())
def test_the_workers_are_nobody_special(tmp_path, make):
    """They can read neither the provider's configuration nor the key of the link, and need not."""
    with key_store(tmp_path) as fleet:
        keys = OffloadedKeys(fleet)
        keys.directory.chmod(0o700)
        with make(fleet, keys) as server:
            get_with_each_key(fleet, server.port)
            assert all(user_of(pid) != 0 for pid in server.workers())


class ChrootedHaproxy(Haproxy):
    """As Debian's own configuration has it: nothing of the file system is left to it."""

    def _write_config(self, directory: Path) -> Path:
        config = super()._write_config(directory)
        empty = directory / "empty"
        empty.mkdir()
        config.write_text(config.read_text().replace("global\n", f"global\n  chroot {empty}\n", 1))
        return config


def test_behind_chroot(tmp_path):
    with key_store(tmp_path) as fleet, ChrootedHaproxy(fleet, OffloadedKeys(fleet)) as server:
        worker, = server.workers()
        assert os.readlink(f"/proc/{worker}/root").endswith("/empty")
        get_with_each_key(fleet, server.port)
        server.fleet.keystore.kill()
        server.fleet.keystore.start()
        wait_until(lambda: works(fleet, server), "a new link is made from there", server.describe)
        server.reload()
        get_with_each_key(fleet, server.port)


def works(fleet: Fleet, server: StockServer) -> bool:
    with contextlib.suppress(OSError, AssertionError):
        get_with_each_key(fleet, server.port)
        return True
    return False


class ThreadlessHaproxy(Haproxy):
    """Without insecure-fork-wanted: its workers may start no thread, and so have no links."""

    def _write_config(self, directory: Path) -> Path:
        config = super()._write_config(directory)
        config.write_text(config.read_text().replace("  insecure-fork-wanted\n", ""))
        return config


def test_where_no_thread_may_be_started(tmp_path):
    with key_store(tmp_path) as fleet, ThreadlessHaproxy(fleet, OffloadedKeys(fleet)) as server:
        workers = server.workers()
        for _ in range(2):
            with pytest.raises(ssl.SSLError, match="alert internal error"):
                get_with_each_key(fleet, server.port)
        said = server.wait_event("links_not_started")
        assert "insecure-fork-wanted" in said["reason"]
        assert server.workers() == workers and hello_in_plaintext(server.plain_port) == HELLO
        server.kill()  # which needs the signals that the thread was not to have


class DaemonNginx(Nginx):
    """As Debian's unit starts it: the first process forks, and ends when the server is there."""

    def start(self) -> "DaemonNginx":
        self.config.write_text(self.config.read_text().replace("daemon off;", "daemon on;"))
        super().start()
        assert self.process.wait(60) == 0, self.describe()
        self.daemon = int((self.keys.directory / "nginx.pid").read_text())
        return self

    @property
    def pid(self) -> int:
        return self.daemon

    def serves(self) -> bool:
        return bool(self.workers())

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.daemon, signal.SIGTERM)
        wait_until(lambda: not Path(f"/proc/{self.daemon}/exe").exists(), "nginx has ended", self.describe)


def test_as_a_daemon(tmp_path):
    with key_store(tmp_path) as fleet, DaemonNginx(fleet, OffloadedKeys(fleet), workers=2) as server:
        get_with_each_key(fleet, server.port)
        server.reload()
        get_with_each_key(fleet, server.port)

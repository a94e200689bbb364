"""Baton as the suite `offload` runs it: two key stores, and as many application servers as are asked for."""
import contextlib

import fleet
import peers
from offloaded_keys import OffloadedKeys
from processes import BIN, running
from server import NAMES, Server, wait_for_port, wait_for_tls

QUIET = {"log": {"level": "warning"}}  # the others log no connection either
BOTH = {"offload": ["serialization", "signing"]}


class SmallBackend:
    """In place of the backend of the end-to-end tests: one that costs next to nothing."""

    def __init__(self, directory):
        self.port = fleet.free_port()
        self._running = running(BIN / "baton-bench-load", "backend", "--port", self.port,
                                log=directory / "backend.log")

    def __enter__(self):
        self._running.__enter__()
        wait_for_port(self.port)
        return self

    def __exit__(self, *exc_info):
        self._running.__exit__(*exc_info)


class Baton:
    """The key store of `baton` hands over early, that of `late` does not; for `signing` and `nginx-signing`, which is
    Debian's nginx with the provider, the first one signs.

    Use started().
    """

    def __init__(self, directory):
        tenants = [fleet.Tenant([name], [key_type], dict(BOTH)) for key_type, name in NAMES.items()]
        self.fleet = fleet.Fleet(directory, tenants, backend=SmallBackend(directory), identity_settings=BOTH,
                                 keystore_settings=QUIET | {"groups": ["X25519", "P-256"]}, proxy_settings=QUIET)
        self.leaves = {key_type: tenant.leaves[0] for key_type, tenant in zip(NAMES, tenants)}
        late_port = fleet.free_port()
        late = self.fleet.key_store("late-keystore", f"127.0.0.1:{late_port}", early_handoff=False)
        early = (self.fleet.keystore, self.fleet.link_port)
        self._key_stores = {"baton": early, "late": (late, late_port), "signing": early, "nginx-signing": early}

    @property
    def ca_file(self):
        return self.fleet.ca_file

    @property
    def backend_port(self):
        return self.fleet.backend.port

    @contextlib.contextmanager
    def started(self):
        """With the backend and both key stores."""
        with self.fleet.not_started():
            for key_store, port in dict.fromkeys(self._key_stores.values()):
                key_store.start()
                wait_for_port(port)
            yield self

    @property
    def servers(self):
        return list(self._key_stores)

    def link_port(self, name):
        """Where the key store of `name` listens."""
        return self._key_stores[name][1]

    @contextlib.contextmanager
    def server(self, name, stem, link_port=None):
        """A new application server of that name, with a listener without TLS besides.

        Its link goes to `link_port`, which somebody forwards to link_port(name), or straight there.
        """
        key_store, port = self._key_stores[name]
        if name == "nginx-signing":
            keys = OffloadedKeys(self.fleet, f"127.0.0.1:{link_port or port}", stem)
            with peers.nginx(keys.directory, self, name, keys, key_store.pid) as server:
                yield server
            return
        offloaded, plain = fleet.free_port(), fleet.free_port()
        proxy = self.fleet.application_server(stem, offloaded, f"127.0.0.1:{link_port or port}", plain_port=plain)
        tls = self._add_local_listeners(proxy) if name == "signing" else dict.fromkeys(NAMES, offloaded)
        proxy.start()
        server = Server(name, tls | {"plain": plain}, proxy.pid, key_store.pid)
        wait_for_tls(server, self.ca_file)
        yield server
        proxy.kill()

    def _add_local_listeners(self, proxy):
        """Ports, by the kind of key, where it does the handshakes itself."""
        ports = {key_type: fleet.free_port() for key_type in NAMES}
        with proxy.config.open("a") as config:
            for key_type, port in ports.items():
                config.write(fleet.table("\n[[listener]]", {
                    "listen": [f"127.0.0.1:{port}"], "backend": f"127.0.0.1:{self.backend_port}",
                    "certificates": [{"chain": str(self.leaves[key_type].chain_file)}]}))
        return ports

"""Baton as the suite `offload` runs it: two key stores, and as many application servers as are asked for."""
import contextlib

import fleet
from processes import BIN, running
from server import NAMES, Server, wait_for_port, wait_for_tls

QUIET = {"log": {"level": "warning"}}  # the others log no connection either


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
    """The key store of `baton` hands over early, that of `late` does not. Use started()."""

    def __init__(self, directory):
        tenants = [fleet.Tenant([name], [key_type]) for key_type, name in NAMES.items()]
        self.fleet = fleet.Fleet(directory, tenants, backend=SmallBackend(directory),
                                 keystore_settings=QUIET | {"groups": ["X25519", "P-256"]}, proxy_settings=QUIET)
        self.leaves = {key_type: tenant.leaves[0] for key_type, tenant in zip(NAMES, tenants)}
        late_port = fleet.free_port()
        late = self.fleet.key_store("late-keystore", f"127.0.0.1:{late_port}", early_handoff=False)
        self._key_stores = {"baton": (self.fleet.keystore, self.fleet.link_port), "late": (late, late_port)}

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
            for key_store, port in self._key_stores.values():
                key_store.start()
                wait_for_port(port)
            yield self

    def link_port(self, name):
        return self._key_stores[name][1]

    @contextlib.contextmanager
    def server(self, name, stem, link_port=None):
        """A new application server of `baton` or `late`, with a listener without TLS besides.

        Its link goes to `link_port`, which somebody forwards to link_port(name), or straight there.
        """
        key_store, port = self._key_stores[name]
        tls, plain = fleet.free_port(), fleet.free_port()
        proxy = self.fleet.application_server(stem, tls, f"127.0.0.1:{link_port or port}", plain_port=plain).start()
        server = Server(name, {"ecdsa": tls, "rsa": tls, "plain": plain}, proxy.pid, key_store.pid)
        wait_for_tls(server, self.ca_file)
        yield server
        proxy.kill()

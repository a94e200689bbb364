"""A key store, a proxy and a backend as real processes on loopback, for one test module."""

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pki
from backend import Backend

BIN = Path(os.environ.get("BATON_BIN", Path(__file__).parents[2] / "build/release/bin"))

EVENT_TIMEOUT = 60  # s; a busy machine is slow

LISTENING_PORTS = range(20000, 32768)  # below those that Linux gives to outgoing connections

SUITES = {
    "1.3": ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"],
    "1.2": ["AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "CHACHA20_POLY1305_SHA256"],
}
PROXY_IDENTITY = "app1.internal"
KEY_STORE_NAME = "keystore.internal"


@dataclass
class Tenant:
    """One [[tenant]] of the key store; `leaf` defaults to a fresh ECDSA certificate of the names."""

    names: list[str]
    key_types: Sequence[str] = ("ecdsa",)
    settings: dict[str, object] = field(default_factory=dict)
    leaves: list[pki.Leaf] = field(default_factory=list)


def suite_tenant(name: str, version: str, suite: str, key_type: str = "ecdsa") -> Tenant:
    """A tenant that speaks one version with one suite, so that any client can be held to it.

    In TLS 1.2 `suite` is without "TLS_ECDHE_…_WITH_".
    """
    if version == "1.2":
        suite = f"TLS_ECDHE_{'RSA' if key_type == 'rsa' else 'ECDSA'}_WITH_{suite}"
    settings = {"min_version": version, "max_version": version, "cipher_suites": [suite]}
    return Tenant([name], [key_type], settings)


def free_port(address: str = "127.0.0.1") -> int:
    """A port that nobody listens on now; no outgoing connection takes it before it is used."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for port in random.sample(LISTENING_PORTS, 100):
        with socket.socket(family, socket.SOCK_STREAM) as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
            return port
    raise RuntimeError(f"no port is free at {address}")


def toml(value: object) -> str:
    """The value as TOML writes it; JSON agrees for everything used here."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    return json.dumps(value)


def table(header: str, settings: dict[str, object]) -> str:
    """A TOML table."""
    return f"{header}\n" + "".join(f"{key} = {toml(value)}\n" for key, value in settings.items())


class Program:
    """A daemon of Baton with its log as JSON lines."""

    def __init__(self, name: str, config: Path, log: Path, user: int | None = None):
        self.name, self.config, self.log, self.user = name, config, log, user
        self.process: subprocess.Popen | None = None

    def start(self) -> "Program":
        """Start it; it appends to its log."""
        privileges = {"user": self.user, "group": self.user, "extra_groups": []} if self.user else {}
        with self.log.with_suffix(".stderr").open("ab") as errors:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
                                            env=self.environment(), **privileges)
        return self

    def command(self) -> list[object]:
        return [BIN / self.name, "--config", self.config]

    def environment(self) -> dict[str, str] | None:
        """None is the environment of the test."""
        return None

    @property
    def pid(self) -> int:
        return self.process.pid

    def events(self, event: str | None = None, **fields: object) -> list[dict]:
        """The log so far, or the events that match."""
        if not self.log.exists():
            return []
        lines = self.log.read_text().splitlines()
        # A log can be long, and JSON is slow: only lines that may match are parsed.
        parsed = [json.loads(line) for line in lines if line.endswith("}") and (event or "") in line]
        return [one for one in parsed if event in (None, one["event"])
                and all(one.get(key) == value for key, value in fields.items())]

    def wait_event(self, event: str, count: int = 1, **fields: object) -> dict:
        """The last of at least `count` matching events, once they are there."""
        wait_until(lambda: len(self.events(event, **fields)) >= count,
                   f"{self.name} logs {count} x {event} {fields}", lambda: self.describe())
        return self.events(event, **fields)[-1]

    def describe(self) -> str:
        """The end of its log, for a failed test."""
        log = self.log.read_text()[-3000:] if self.log.exists() else ""
        return log + self.log.with_suffix(".stderr").read_text()[-1000:]

    def stop(self) -> int:
        """SIGTERM and wait; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """SIGKILL and wait."""
        self.process.kill()
        self.process.wait(10)

    def open_descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def resident_bytes(self) -> int:
        fields = Path(f"/proc/{self.pid}/statm").read_text().split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")


def wait_until(condition: Callable[[], bool], what: str, detail: Callable[[], str] = str,
               timeout: float = EVENT_TIMEOUT) -> None:
    """Poll; an AssertionError after `timeout` seconds names what did not happen."""
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, f"not within {timeout} s: {what}\n{detail()}"
        time.sleep(0.02)


class ListeningBackend:
    """In place of a Backend: the test accepts the connections by itself."""

    def __init__(self, backlog: int = 128):
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=backlog)
        self.listening.settimeout(EVENT_TIMEOUT)
        self.port: int = self.listening.getsockname()[1]

    def __enter__(self) -> "ListeningBackend":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.listening.close()

    def accept(self) -> socket.socket:
        """The next connection of the proxy."""
        connection, _ = self.listening.accept()
        connection.settimeout(EVENT_TIMEOUT)
        return connection


class Fleet:
    """The processes of one test module, in `directory`. Use it as a context manager.

    `unix_link` has the link on a Unix socket; `keystore_settings` and `proxy_settings` are further
    tables, for example {"limits": {"handshake_timeout": "2s"}}; `allowed_names` is what the proxy's
    link identity may serve, `identity_settings` what else its [[application_server]] says.
    With `plain_listener` the proxy also has one without TLS, at `plain_port`. With `local_handshakes` the
    proxy's listener has the certificates of the first tenant, and key stores only sign.
    """

    def __init__(self, directory: Path, tenants: Sequence[Tenant], *, unix_link: bool = False,
                 keystore_settings: dict[str, dict] | None = None,
                 proxy_settings: dict[str, dict] | None = None,
                 allowed_names: Sequence[str] = ("*",), identity_settings: dict[str, object] | None = None,
                 backend: Backend | ListeningBackend | None = None,
                 ticket_keys: bytes | None = None, proxy_user: int | None = None, plain_listener: bool = False,
                 local_handshakes: bool = False):
        self.directory = directory
        self.tenants = list(tenants)
        self.unix_link = unix_link
        self.keystore_settings = keystore_settings or {}
        self.proxy_settings = proxy_settings or {}
        self.allowed_names = list(allowed_names)
        self.identity_settings = identity_settings or {}
        self.ticket_keys = ticket_keys
        self.local_handshakes = local_handshakes
        self.port = free_port()
        self.link_port = free_port()
        self.backend = backend or Backend(["127.0.0.1"])
        self.public_ca = pki.make_ca(directory, "public-ca")
        self.link_ca = pki.make_ca(directory, "link-ca")
        self.keystore_dir = directory / "keystore"
        self.proxy_dir = directory / "proxy"
        self.keystore_dir.mkdir()
        self.proxy_dir.mkdir()
        self._links: dict[str, dict[str, object]] = {}
        self._programs: list[Program] = []
        self.keystore = self.key_store("keystore", self.link_address())
        self.plain_port = free_port() if plain_listener else None
        self.proxy = self.application_server("proxy", self.port, self.link_address(), proxy_user,
                                             plain_port=self.plain_port)
        if proxy_user:
            self._give_to(proxy_user)

    def key_store(self, stem: str, address: str, build: str = "baton-keystore", **root: object) -> Program:
        """A key store of this fleet, not started; `root` are keys at the root of its file."""
        config = self._write_keystore(stem, address, root)
        return self.add(Program(build, config, self.directory / f"{stem}.log"))

    def application_server(self, stem: str, port: int, key_stores: str | Sequence[str | dict[str, object]],
                           user: int | None = None, build: str = "baton-proxy",
                           listener: str = "https", plain_port: int | None = None) -> Program:
        """An application server of this fleet, not started. Key stores: addresses, or whole tables."""
        config = self._write_proxy(stem, port, key_stores, listener, plain_port)
        return self.add(Program(build, config, self.directory / f"{stem}.log", user))

    def provider_config(self, path: Path, key_stores: str | Sequence[str | dict[str, object]], log: Path) -> Path:
        """The provider.toml of an application server that has its own TLS and no keys."""
        return self.write(path, *self._link_tables(key_stores, log))

    def add(self, program: Program) -> Program:
        """It is ended with the fleet."""
        self._programs.insert(0, program)
        return program

    @property
    def ca_file(self) -> Path:
        return self.public_ca.cert_file

    def __enter__(self) -> "Fleet":
        self.backend.__enter__()
        try:
            self.keystore.start().wait_event("started")
            self.proxy.start().wait_event("link_up")
        except BaseException:
            self.__exit__()  # else the backend's thread would keep the test from ending
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._kill_programs()
        self.backend.__exit__(*exc_info)

    def _kill_programs(self) -> None:
        for program in self._programs:
            if program.process and program.process.poll() is None:
                program.kill()

    @contextlib.contextmanager
    def not_started(self) -> Iterator["Fleet"]:
        """Only the backend runs: the test starts the programs by itself."""
        with self.backend:
            try:
                yield self
            finally:
                self._kill_programs()

    def link_address(self) -> str:
        if self.unix_link:
            return f"unix:{self.directory}/link.sock"
        return f"127.0.0.1:{self.link_port}"

    def write(self, path: Path, *tables: str) -> Path:
        path.write_text("\n".join(tables))
        return path

    def _private(self, source: Path, target: Path) -> str:
        shutil.copy(source, target)
        target.chmod(0o600)
        return str(target)

    def _link_files(self, folder: Path, name: str, usage: str, ca_key: str) -> dict[str, object]:
        """Made once: all key stores have one certificate, and so have all application servers."""
        if name not in self._links:
            self._links[name] = self._make_link_files(folder, name, usage, ca_key)
        return self._links[name]

    def _make_link_files(self, folder: Path, name: str, usage: str, ca_key: str) -> dict[str, object]:
        leaf = pki.make_leaf(folder, self.link_ca, "ecdsa", [name], usage=usage)
        leaf.key_file.chmod(0o600)
        return {"certificate": str(leaf.chain_file), "private_key": str(leaf.key_file),
                ca_key: str(self._public_copy(self.link_ca.cert_file, folder))}

    def _public_copy(self, source: Path, folder: Path) -> Path:
        return Path(shutil.copy(source, folder / source.name))

    def _tenant_table(self, tenant: Tenant) -> str:
        if not tenant.leaves:
            tenant.leaves = [pki.make_leaf(self.keystore_dir, self.public_ca, key_type, tenant.names,
                                           file_stem=f"{tenant.names[0].replace('*', 'any')}-{key_type}")
                             for key_type in tenant.key_types]
        for leaf in tenant.leaves:
            leaf.key_file.chmod(0o600)
        certificates = [{"chain": str(leaf.chain_file), "private_key": str(leaf.key_file)}
                        for leaf in tenant.leaves]
        return table("[[tenant]]", {"names": tenant.names, "certificates": certificates} | tenant.settings)

    def _write_keystore(self, stem: str, address: str, more_root: dict[str, object]) -> Path:
        root: dict[str, object] = {"serialization_version": 1}
        identity: dict[str, object] = {"identity": PROXY_IDENTITY}
        link: dict[str, object] = {"listen": [address]}
        if self.unix_link:
            identity = {"uid": os.getuid()}
        else:
            link |= self._link_files(self.keystore_dir, KEY_STORE_NAME, "server", "client_ca")
        if self.ticket_keys:
            key_file = self.keystore_dir / "ticket.key"
            key_file.write_bytes(self.ticket_keys)
            key_file.chmod(0o600)
            root["ticket_key_file"] = str(key_file)
        log = {"format": "json", "file": str(self.directory / f"{stem}.log")}
        settings = {"link": link} | self.keystore_settings
        settings["log"] = log | settings.get("log", {})
        tables = [table(f"[{name}]", values) for name, values in settings.items() if isinstance(values, dict)]
        root |= {name: value for name, value in settings.items() if not isinstance(value, dict)}
        root |= more_root
        return self.write(self.directory / f"{stem}.toml", table("", root), *tables,
                          table("[[application_server]]",
                                identity | {"names": self.allowed_names} | self.identity_settings),
                          *map(self._tenant_table, self.tenants))

    def _write_proxy(self, stem: str, port: int, key_stores: str | Sequence[str | dict[str, object]],
                     listener_name: str, plain_port: int | None) -> Path:
        listeners = [self._listener(listener_name, port)]
        if plain_port:
            listeners.append(self._listener("plain", plain_port) | {"protocol": "tcp"})
        log = self.proxy_dir / f"{stem}.log"
        path = self.write(self.proxy_dir / f"{stem}.toml",
                          *[table("[[listener]]", listener) for listener in listeners],
                          *self._link_tables(key_stores, log))
        (self.directory / f"{stem}.log").symlink_to(log)
        return path

    def _link_tables(self, addresses: str | Sequence[str | dict[str, object]], log_file: Path) -> list[str]:
        """What an application server's file says of its links, and the further settings."""
        link: dict[str, object] = {}
        if not self.unix_link:
            link |= self._link_files(self.proxy_dir, PROXY_IDENTITY, "client", "ca")
        log = {"format": "json", "file": str(log_file)} | self.proxy_settings.get("log", {})
        link |= self.proxy_settings.get("link", {})
        settings = self.proxy_settings | {"log": log, "link": link}
        key_stores = [(one if isinstance(one, dict) else {"address": one})
                      | ({} if self.unix_link else {"server_name": KEY_STORE_NAME})
                      for one in ([addresses] if isinstance(addresses, str) else addresses)]
        return [*[table(f"[{name}]", values) for name, values in settings.items()],
                *[table("[[key_store]]", values) for values in key_stores]]

    def _listener(self, name: str, port: int) -> dict[str, object]:
        listener: dict[str, object] = {"name": name, "listen": [f"127.0.0.1:{port}", f"[::1]:{port}"],
                                       "backend": f"127.0.0.1:{self.backend.port}"}
        if self.local_handshakes and name != "plain":
            listener["certificates"] = [{"chain": str(self._public_copy(leaf.chain_file, self.proxy_dir))}
                                        for leaf in self.tenants[0].leaves]
        return listener

    def _give_to(self, user: int) -> None:
        for path in (self.proxy_dir, *self.proxy_dir.iterdir()):
            os.chown(path, user, user)
        self.directory.chmod(0o755)
        self.keystore_dir.chmod(0o700)

"""Debian's own nginx and HAProxy, without a change, with keys that only a key store has.

Both serve every tenant of the fleet by its name and its certificates, pass on to the fleet's backend, answer HELLO at
/hello by themselves, and have a second port without TLS. Started by root, their workers are www-data and haproxy.
"""

import contextlib
import os
import re
import signal
import subprocess
from pathlib import Path

import pki
from fleet import Fleet, Program, Tenant, free_port, wait_until
from offloaded_keys import OffloadedKeys

HELLO = "signed elsewhere"

NGINX = """\
{user}
worker_processes {workers};
worker_rlimit_nofile 8192;
daemon off;
pid {directory}/nginx.pid;
error_log {directory}/nginx-error.log info;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_max_body_size 0;
  client_body_temp_path {directory}/nginx-body;
  proxy_temp_path {directory}/nginx-proxy;
  proxy_max_temp_file_size 0;
  proxy_request_buffering off;
  proxy_http_version 1.1;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_session_cache off;
  ssl_session_tickets off;
{servers}
}}
"""
NGINX_SERVER = """\
  server {{
    {settings}
    location / {{ proxy_pass http://127.0.0.1:{backend}; }}
    location = /hello {{ return 200 "{hello}"; }}
  }}
"""

HAPROXY = """\
global
  {user}
  insecure-fork-wanted
  nbthread {threads}
  maxconn 4000
  tune.ssl.cachesize 0
  {more}
defaults
  mode http
  timeout client 60s
  timeout connect 60s
  timeout server 60s
frontend tls
  bind 127.0.0.1:{port} ssl {certificates} ssl-min-ver TLSv1.2 no-tls-tickets
  {front}
frontend plain
  bind 127.0.0.1:{plain_port}
  {front}
backend application
  server backend 127.0.0.1:{backend}
"""
HAPROXY_FRONT = """\
http-request return status 200 content-type text/plain string "{hello}" if {{ path /hello }}
  default_backend application"""


class StockServer(Program):
    """A server of the fleet, with one process that stays and others that serve."""

    def __init__(self, name: str, fleet: Fleet, keys: OffloadedKeys):
        self.fleet, self.keys = fleet, keys
        self.port, self.plain_port = free_port(), free_port()
        super().__init__(name, self._write_config(keys.directory), keys.log)
        fleet.add(self)

    def _write_config(self, directory: Path) -> Path:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return self.keys.environment()

    def __enter__(self) -> "StockServer":
        self.start()
        try:
            wait_until(self.serves, f"{self.name} serves", self.describe)
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.kill()

    def serves(self) -> bool:
        assert self.process.poll() is None, self.describe()
        with contextlib.suppress(OSError):
            return bool(self.workers()) and HELLO in hello_in_plaintext(self.plain_port)
        return False

    def workers(self) -> set[int]:
        """The processes that serve, or still end."""
        return {int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()}

    def reload(self) -> None:
        """Until other workers serve; the old ones may still end."""
        before = self.workers()
        self._ask_for_reload()
        wait_until(lambda: bool(self.workers() - before) and self.serves(), f"{self.name} has new workers",
                   self.describe)

    def _ask_for_reload(self) -> None:
        raise NotImplementedError

    def kill(self) -> None:
        """At once, but by the first process, which ends the others."""
        if self.process.poll() is not None:
            return
        workers = self.workers()
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            for pid in workers:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            super().kill()
            raise

    def describe(self) -> str:
        own = self.keys.directory / f"{self.name}-error.log"
        return super().describe() + (own.read_text()[-3000:] if own.exists() else "")


def as_user(directive: str) -> str:
    """Only root can have workers of another user."""
    return directive if os.getuid() == 0 else ""


def hello_in_plaintext(port: int) -> str:
    return subprocess.run(["curl", "-sS", "--max-time", "20", f"http://127.0.0.1:{port}/hello"], check=False,
                          capture_output=True, text=True).stdout


class Nginx(StockServer):
    """`workers` processes, each with one event loop."""

    def __init__(self, fleet: Fleet, keys: OffloadedKeys, workers: int = 1):
        self._count = workers
        super().__init__("nginx", fleet, keys)

    def command(self) -> list[object]:
        return ["/usr/sbin/nginx", "-c", self.config, "-e", self.keys.directory / "nginx-error.log"]

    def _write_config(self, directory: Path) -> Path:
        settings = [f"listen 127.0.0.1:{self.plain_port};", *map(self._tls_settings, self.fleet.tenants)]
        servers = [NGINX_SERVER.format(settings=one, backend=self.fleet.backend.port, hello=HELLO)
                   for one in settings]
        return self.fleet.write(directory / "nginx.conf", NGINX.format(
            user=as_user("user www-data;"), workers=self._count, directory=directory, servers="".join(servers)))

    def _tls_settings(self, tenant: Tenant) -> str:
        pairs = [f"ssl_certificate {self.keys.certificate(leaf)}; ssl_certificate_key {self.keys.key_file(leaf)};"
                 for leaf in tenant.leaves]
        return f"listen 127.0.0.1:{self.port} ssl; server_name {' '.join(tenant.names)}; {' '.join(pairs)}"

    def _ask_for_reload(self) -> None:
        self.keys.run(*self.command(), "-s", "reload")


class Haproxy(StockServer):
    """One worker with `threads`; `asynchronous` has it use OpenSSL's async jobs."""

    def __init__(self, fleet: Fleet, keys: OffloadedKeys, threads: int = 1, asynchronous: bool = False):
        self._threads = threads
        self._asynchronous = asynchronous
        super().__init__("haproxy", fleet, keys)

    def command(self) -> list[object]:
        return ["/usr/sbin/haproxy", "-W", "-f", self.config]

    def _write_config(self, directory: Path) -> Path:
        leaves = [leaf for tenant in self.fleet.tenants for leaf in tenant.leaves]
        return self.fleet.write(directory / "haproxy.cfg", HAPROXY.format(
            user=as_user("user haproxy\n  group haproxy"), threads=self._threads,
            more="ssl-mode-async" if self._asynchronous else "", port=self.port, plain_port=self.plain_port,
            certificates=" ".join(map(self._certificate, leaves)), backend=self.fleet.backend.port,
            front=HAPROXY_FRONT.format(hello=HELLO)))

    def _certificate(self, leaf: pki.Leaf) -> str:
        self.keys.key_file(leaf)
        return f"crt {self.keys.certificate(leaf)}"

    def _ask_for_reload(self) -> None:
        # Its workers serve before the first process listens to signals; one that comes earlier is lost.
        wait_until(lambda: self._has_signal("SigCgt") and not self._has_signal("SigBlk"), "it hears", self.describe)
        os.kill(self.pid, signal.SIGUSR2)

    def _has_signal(self, mask: str) -> bool:
        """SIGUSR2 in such a mask of the first process: those that it catches, those that it blocks."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return bool(int(re.search(rf"^{mask}:\s+(\w+)", status, re.MULTILINE)[1], 16) >> (signal.SIGUSR2 - 1) & 1)

"""HAProxy and nginx as they end TLS and pass the bytes on, each in one process with one thread."""
import contextlib
import re
import subprocess

import fleet
from processes import running
from server import NAMES, Server, wait_for_tls

SUITES_OF_TLS12 = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"

HAPROXY = """\
global
  nbthread 1
  maxconn 4096
  ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256
  ssl-default-bind-ciphers {suites}
  ssl-default-bind-curves X25519:P-256
  tune.ssl.cachesize 0
defaults
  mode tcp
  timeout connect 10s
  timeout client 60s
  timeout server 60s
"""
HAPROXY_LISTENER = """\
listen {name}
  bind 127.0.0.1:{port} {tls}
  server backend 127.0.0.1:{backend}
"""

NGINX = """\
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off; master_process off; worker_processes 1;
pid {directory}/nginx.pid; error_log {directory}/nginx.log error;
events {{ worker_connections 4096; }}
stream {{
  access_log off;
  tcp_nodelay on;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_ciphers {suites};
  ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;
  ssl_ecdh_curve X25519:prime256v1;
  ssl_session_cache off;
  ssl_session_tickets on;
{listeners}
}}
"""
NGINX_LISTENER = "  server {{ listen 127.0.0.1:{port} {tls}; proxy_pass 127.0.0.1:{backend}; }}"


def free_ports():
    return {name: fleet.free_port() for name in (*NAMES, "plain")}


@contextlib.contextmanager
def haproxy(directory, baton):
    """`baton` has the certificates and the backend."""
    ports = free_ports()
    tls = {"plain": ""}
    for key_type, leaf in baton.leaves.items():
        both = directory / f"haproxy-{key_type}.pem"
        both.write_text(leaf.chain_file.read_text() + leaf.key_file.read_text())
        tls[key_type] = f"ssl crt {both} ssl-min-ver TLSv1.2"
    listeners = [HAPROXY_LISTENER.format(name=name, port=port, tls=tls[name], backend=baton.backend_port)
                 for name, port in ports.items()]
    config = directory / "haproxy.cfg"
    config.write_text(HAPROXY.format(suites=SUITES_OF_TLS12) + "".join(listeners))
    with running("/usr/sbin/haproxy", "-db", "-q", "-f", config, log=directory / "haproxy.log") as process:
        yield ready(Server("haproxy", ports, process.pid), baton)


@contextlib.contextmanager
def nginx(directory, baton, name="nginx", keys=None, key_store=None):
    """As haproxy(). With `keys` (OffloadedKeys) it has none: the process `key_store` signs."""
    ports = free_ports()
    key_file = keys.key_file if keys else lambda leaf: leaf.key_file
    tls = {key_type: f"ssl; ssl_certificate {leaf.chain_file}; ssl_certificate_key {key_file(leaf)}"
           for key_type, leaf in baton.leaves.items()} | {"plain": ""}
    listeners = [NGINX_LISTENER.format(port=port, tls=tls[kind], backend=baton.backend_port)
                 for kind, port in ports.items()]
    config = directory / "nginx.conf"
    config.write_text(NGINX.format(directory=directory, suites=SUITES_OF_TLS12, listeners="\n".join(listeners)))
    with running("/usr/sbin/nginx", "-e", directory / "nginx.log", "-c", config, log=directory / "nginx.out",
                 environment=keys.environment() if keys else None) as process:
        yield ready(Server(name, ports, process.pid, key_store), baton)


def ready(server, baton):
    wait_for_tls(server, baton.ca_file)
    return server


def versions():
    """Of the programs that are installed."""
    said = {"haproxy": subprocess.run(["/usr/sbin/haproxy", "-v"], capture_output=True, text=True).stdout,
            "nginx": subprocess.run(["/usr/sbin/nginx", "-v"], capture_output=True, text=True).stderr}
    return {name: re.search(r"\d+\.\d+\.\d+", text)[0] for name, text in said.items()}

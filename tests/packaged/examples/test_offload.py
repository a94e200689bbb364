"""examples/key_store and application_server: HTTPS from a process that has no certificate."""

import contextlib

import pytest
from programs import (
    CERTIFICATE,
    KEY,
    Program,
    TlsClient,
    ask_with_s_client,
    free_port,
    run,
    wait_for_port,
    wait_for_socket,
    wait_until,
)


@contextlib.contextmanager
def both(folder):
    channel, port = folder / "key_store", free_port()
    with Program("key_store", channel, CERTIFICATE, KEY) as key_store:
        wait_for_socket(channel)
        with Program("application_server", port, channel) as server:
            wait_for_port(port)
            yield port, key_store, server


@pytest.mark.parametrize("option, name", [("--tls-max 1.2", "TLSv1.2"), ("--tlsv1.3", "TLSv1.3")])
def test_curl(tmp_path, option, name):
    with both(tmp_path) as (port, _, server):
        for _ in range(3):
            curl = run("curl", "-sS", "--cacert", CERTIFICATE, *option.split(), f"https://localhost:{port}/")
            assert curl.stdout == f"hello, over {name}\n", curl
        assert server.lines == []


def test_s_client(tmp_path):
    with both(tmp_path) as (port, _, _):
        assert ask_with_s_client(port, "GET / HTTP/1.1\r\n\r\n") == "HTTP/1.1 200 OK\r\n"


def test_a_name_that_the_application_server_may_not_serve(tmp_path):
    with both(tmp_path) as (port, key_store, _):
        other = f"other.example:{port}:127.0.0.1"
        curl = run("curl", "-sS", "-k", "--resolve", other, f"https://other.example:{port}/")
        assert curl.returncode == 35, curl
        key_store.wait_for_line("other.example")
        assert run("curl", "-sS", "--cacert", CERTIFICATE, f"https://localhost:{port}/").returncode == 0


def test_no_secret_of_a_client_stays_behind(version, tmp_path):
    with both(tmp_path) as (port, _, server):
        log = tmp_path / "keys.log"
        client = TlsClient(port, version, key_log=log)
        assert client.ask("GET / HTTP/1.1\r\n\r\n").startswith("HTTP/1.1 200 OK")
        client.close()
        secrets = [bytes.fromhex(line.split()[2]) for line in log.read_text().splitlines() if line[0] != "#"]
        assert secrets

        def are_wiped():
            memory = server.memory()
            return not any(secret in memory for secret in secrets)

        wait_until(are_wiped, "memory without them")  # the server says goodbye first

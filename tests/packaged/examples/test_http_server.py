"""examples/http_server: HTTP by Boost.Beast over Baton's Asio stream, asked by curl."""

import socket

import pytest
from programs import CERTIFICATE, KEY, Program, free_port, run, wait_for_port


@pytest.mark.parametrize("option, answer", [("--tls-max 1.2", "TLSv1.2 TLS_ECDHE"), ("--tlsv1.3", "TLSv1.3 TLS_AES")])
def test_requests_on_one_connection(option, answer):
    port = free_port()
    with Program("http_server", port, CERTIFICATE, KEY) as server:
        wait_for_port(port)
        url = f"https://localhost:{port}/"
        curl = run("curl", "-sS", "--cacert", CERTIFICATE, *option.split(), "-w", "%{num_connects} %{http_code}\n",
                   url, url, url)
        lines = curl.stdout.splitlines()
        assert [line.startswith(answer) for line in lines[::2]] == [True] * 3, curl
        assert lines[1::2] == ["1 200", "0 200", "0 200"], curl
        # The port was tried once without TLS.
        assert len(server.lines) <= 1, server.lines


def test_a_method_that_it_does_not_have():
    port = free_port()
    with Program("http_server", port, CERTIFICATE, KEY):
        wait_for_port(port)
        curl = run("curl", "-sS", "--cacert", CERTIFICATE, "-d", "x", "-w", "%{http_code}", f"https://localhost:{port}/")
        assert curl.stdout == "GET only\n405", curl


def test_more_clients_than_descriptors():
    port = free_port()
    with Program("http_server", port, CERTIFICATE, KEY, descriptors=32) as server:
        wait_for_port(port)
        idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(40)]
        server.wait_for_line("accept: Too many open files")
        for client in idle:
            client.close()
        curl = run("curl", "-sS", "--cacert", CERTIFICATE, f"https://localhost:{port}/")
        assert curl.stdout.startswith("TLSv1.3"), curl

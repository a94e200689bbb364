"""examples/openssl_server and openssl_worker: OpenSSL begins a connection, Baton goes on with it elsewhere."""

import socket
from pathlib import Path

from programs import (
    CERTIFICATE,
    KEY,
    Program,
    TlsClient,
    ask_with_s_client,
    free_port,
    make_key_ring,
    wait_for_port,
    wait_for_socket,
    wait_until,
)


def test_another_process_goes_on(version, tmp_path):
    ring, channel, port = make_key_ring(tmp_path), tmp_path / "worker", free_port()
    with Program("openssl_worker", channel, ring) as worker:
        wait_for_socket(channel)
        with Program("openssl_server", port, CERTIFICATE, KEY, channel, ring) as server:
            wait_for_port(port)
            clients = [TlsClient(port, version) for _ in range(3)]
            for name, client in zip(("Anna", "Berta", "Clara"), clients):
                assert client.ask(name) == f"OpenSSL, process {server.pid}: hello {name}"
            for client in clients:
                assert client.ask("and now?") == f"Baton, process {worker.pid}: and now?"
            for client in clients:
                client.close()
            assert server.lines == []
        assert worker.lines == []


def test_with_s_client(tmp_path):
    ring, channel, port = make_key_ring(tmp_path), tmp_path / "worker", free_port()
    with Program("openssl_worker", channel, ring) as worker:
        wait_for_socket(channel)
        with Program("openssl_server", port, CERTIFICATE, KEY, channel, ring):
            wait_for_port(port)
            assert ask_with_s_client(port, "Anna\n").endswith("hello Anna\n")
        assert worker.lines == []


def test_a_client_that_breaks_off_ends_only_itself(version, tmp_path):
    ring, channel, port = make_key_ring(tmp_path), tmp_path / "worker", free_port()
    with Program("openssl_worker", channel, ring):
        wait_for_socket(channel)
        with Program("openssl_server", port, CERTIFICATE, KEY, channel, ring) as server:
            wait_for_port(port)
            client = TlsClient(port, version)
            server.stop()  # so that it answers when all of this has come
            client.break_off("Anna")
            server.go_on()
            threads = Path(f"/proc/{server.pid}/task")
            wait_until(lambda: len(list(threads.iterdir())) == 1, "end of the client's thread")
            assert TlsClient(port, version).ask("Berta") == f"OpenSSL, process {server.pid}: hello Berta"


def test_more_clients_than_descriptors(version, tmp_path):
    ring, channel, port = make_key_ring(tmp_path), tmp_path / "worker", free_port()
    with Program("openssl_worker", channel, ring):
        wait_for_socket(channel)
        with Program("openssl_server", port, CERTIFICATE, KEY, channel, ring, descriptors=32) as server:
            wait_for_port(port)
            idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(40)]
            server.wait_for_descriptors(32)
            for client in idle:
                client.close()
            assert TlsClient(port, version).ask("Anna") == f"OpenSSL, process {server.pid}: hello Anna"


def test_more_clients_than_descriptors_of_the_worker(version, tmp_path):
    ring, channel, port = make_key_ring(tmp_path), tmp_path / "worker", free_port()
    with Program("openssl_worker", channel, ring, descriptors=16) as worker:
        wait_for_socket(channel)
        with Program("openssl_server", port, CERTIFICATE, KEY, channel, ring) as server:
            wait_for_port(port)
            clients = [TlsClient(port, version) for _ in range(20)]
            for client in clients:
                assert client.ask("Anna") == f"OpenSSL, process {server.pid}: hello Anna"
            worker.wait_for_line("no descriptor is left")
            assert clients[0].ask("and now?") == f"Baton, process {worker.pid}: and now?"
            for client in clients:
                client.drop()
            wait_until(lambda: worker.descriptors() < 16, "free descriptor")
            newcomer = TlsClient(port, version)
            newcomer.ask("Berta")
            assert newcomer.ask("and now?") == f"Baton, process {worker.pid}: and now?"

"""examples/openssl_server and openssl_worker: OpenSSL begins a connection, Baton goes on with it elsewhere."""

from programs import (
    CERTIFICATE,
    KEY,
    Program,
    TlsClient,
    ask_with_s_client,
    free_port,
    make_key_ring,
    wait_for_port,
    wait_until,
)


def test_another_process_goes_on(version, tmp_path):
    ring, channel, port = make_key_ring(tmp_path), tmp_path / "worker", free_port()
    with Program("openssl_worker", channel, ring) as worker:
        wait_until(channel.exists, "worker")
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
        wait_until(channel.exists, "worker")
        with Program("openssl_server", port, CERTIFICATE, KEY, channel, ring):
            wait_for_port(port)
            assert ask_with_s_client(port, "Anna\n").endswith("hello Anna\n")
        assert worker.lines == []

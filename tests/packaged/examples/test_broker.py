"""examples/broker and broker_worker: many processes use one TLS connection, one after the other."""

import itertools
import socket
import ssl
import threading

import pytest
from programs import BIN, CERTIFICATE, KEY, Program, free_port, make_key_ring, run, wait_for_socket


class CountingServer:
    """A TLS server that answers with the number of the connection."""

    def __init__(self, version):
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.minimum_version = self._context.maximum_version = version
        self._context.load_cert_chain(CERTIFICATE, KEY)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.connections = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        for number in itertools.count(1):
            client, _ = self._listener.accept()
            threading.Thread(target=self._serve, args=(client, number), daemon=True).start()

    def _serve(self, client, number):
        tls = self._context.wrap_socket(client, server_side=True)
        self.connections.append(tls)
        while text := tls.recv(65536):
            tls.sendall(f"connection {number}: {text.decode()}".encode())


def work(channel, ring, text):
    worker = run(BIN / "broker_worker", channel, ring, text)
    assert worker.returncode == 0, worker
    return worker.stdout


def test_workers_share_a_connection(version, tmp_path):
    ring, channel, server = make_key_ring(tmp_path), tmp_path / "broker", CountingServer(version)
    with Program("broker", "localhost", server.port, CERTIFICATE, channel, ring) as broker:
        wait_for_socket(channel)
        for text in ("one", "two", "three"):
            assert work(channel, ring, text) == f"connection 1: {text}\n"
        assert len(server.connections) == 1

        server.connections[0].shutdown(socket.SHUT_RDWR)
        assert work(channel, ring, "four") == "connection 2: four\n"
        assert broker.lines == []


def test_a_worker_with_other_keys_gets_nothing(version, tmp_path):
    ring, channel, server = make_key_ring(tmp_path), tmp_path / "broker", CountingServer(version)
    (tmp_path / "other").mkdir()
    other = make_key_ring(tmp_path / "other")
    with Program("broker", "localhost", server.port, CERTIFICATE, channel, ring):
        wait_for_socket(channel)
        stranger = run(BIN / "broker_worker", channel, other, "one")
        assert stranger.returncode == 1 and "sealed under key" in stranger.stderr
        assert work(channel, ring, "two") == "connection 2: two\n", "what the stranger has got is gone"


def test_more_workers_than_descriptors(version, tmp_path):
    ring, channel, server = make_key_ring(tmp_path), tmp_path / "broker", CountingServer(version)
    with Program("broker", "localhost", server.port, CERTIFICATE, channel, ring, descriptors=32) as broker:
        wait_for_socket(channel)
        idle = [socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(40)]
        for worker in idle:
            worker.connect(str(channel))
        broker.wait_for_descriptors(32)
        for worker in idle:
            worker.close()
        assert work(channel, ring, "one") == "connection 1: one\n"
        assert broker.lines == []


@pytest.mark.parametrize("text, passed", [(b"a message with", 2), (b"a message with", 3), (b"", 1), (b"", 3)])
def test_descriptors_that_nobody_has_asked_for_are_closed(tmp_path, text, passed):
    ring, channel = make_key_ring(tmp_path), tmp_path / "broker"
    with Program("broker", "localhost", free_port(), CERTIFICATE, channel, ring) as broker:
        wait_for_socket(channel)
        before = broker.descriptors()
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as worker:
            worker.connect(str(channel))
            socket.send_fds(worker, [text], [0] * passed)
            assert worker.recv(1) == b""
            broker.wait_for_descriptors(before)
        assert broker.lines == [], "it was no request"

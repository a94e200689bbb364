"""A listener without TLS: bytes pass through the proxy as they are, and no key store is asked."""

import socket
import threading

import pytest

import payload
from fleet import Fleet, ListeningBackend, Tenant
from step_client import connect, reset

BIG = 20_000_000


def plain_fleet(directory, **limits: object) -> Fleet:
    """A fleet whose backend is the test itself."""
    return Fleet(directory, [Tenant(["www.baton.test"])], backend=ListeningBackend(), plain_listener=True,
                 proxy_settings={"limits": limits} if limits else None)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    with plain_fleet(tmp_path_factory.mktemp("fleet")) as fleet:
        yield fleet
        assert fleet.proxy.stop() == 0


def event(fleet: Fleet, name: str, client: socket.socket) -> dict:
    return fleet.proxy.wait_event(name, client=f"127.0.0.1:{client.getsockname()[1]}")


def receive_all(sock: socket.socket) -> bytes:
    data = bytearray()
    while piece := sock.recv(1 << 20):
        data += piece
    return bytes(data)


def send_and_end(sock: socket.socket, data: bytes) -> threading.Thread:
    """In the background: all of it, and then the end of this direction."""
    def send() -> None:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
    thread = threading.Thread(target=send)
    thread.start()
    return thread


def test_big_streams_cross_each_other_unharmed(fleet):
    to_backend, to_client = (b"".join(payload.chunks(size)) for size in (BIG, BIG + 1))
    with connect(fleet.plain_port) as client, fleet.backend.accept() as backend:
        answers = []
        threads = [send_and_end(client, to_backend), send_and_end(backend, to_client),
                   threading.Thread(target=lambda: answers.append(receive_all(client)))]
        threads[-1].start()
        assert receive_all(backend) == to_backend
        for thread in threads:
            thread.join()
        assert answers == [to_client]
        ended = event(fleet, "closed", client)
        assert (ended["reason"], ended["bytes_in"], ended["bytes_out"]) == ("closed", BIG, BIG + 1)
        assert event(fleet, "accepted", client)["listener"] == "plain"


def test_every_byte_value_and_no_tls(fleet):
    data = bytes(range(256))
    with connect(fleet.plain_port) as client, fleet.backend.accept() as backend:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        assert receive_all(backend) == data
        backend.sendall(data[::-1])
        backend.shutdown(socket.SHUT_WR)
        assert receive_all(client) == data[::-1]
        event(fleet, "closed", client)
    assert not fleet.keystore.events("handshake_ended")


def test_backend_speaks_first_and_closes_first(fleet):
    with connect(fleet.plain_port) as client, fleet.backend.accept() as backend:
        backend.sendall(b"220 ready")
        backend.shutdown(socket.SHUT_WR)
        assert receive_all(client) == b"220 ready"
        client.sendall(b"still heard")
        client.shutdown(socket.SHUT_WR)
        assert receive_all(backend) == b"still heard"
        assert event(fleet, "closed", client)["reason"] == "closed"


def test_reset_is_passed_on(fleet):
    """So that neither side takes a cut stream for a whole one."""
    for client_resets in (True, False):
        with connect(fleet.plain_port) as client, fleet.backend.accept() as backend:
            address = f"127.0.0.1:{client.getsockname()[1]}"
            one, other = (client, backend) if client_resets else (backend, client)
            one.sendall(b"the first half")
            assert other.recv(100) == b"the first half"
            reset(one)
            with pytest.raises(ConnectionResetError):
                other.recv(100)
            reason = fleet.proxy.wait_event("closed", client=address)["reason"]
            assert reason == ("client_failed" if client_resets else "backend_failed")


def test_backend_that_does_not_read_stops_the_client(fleet):
    with connect(fleet.plain_port) as client, fleet.backend.accept() as backend:
        client.settimeout(1)
        before = fleet.proxy.resident_bytes()
        taken = 0
        with pytest.raises(TimeoutError):
            while taken < 500_000_000:
                taken += client.send(bytes(1 << 20))
        assert fleet.proxy.resident_bytes() - before < 2 << 20
        client.shutdown(socket.SHUT_WR)
        assert len(receive_all(backend)) == taken


def test_idle_connection_is_cut(tmp_path):
    with plain_fleet(tmp_path, idle_timeout="1s") as fleet:
        with connect(fleet.plain_port) as busy, fleet.backend.accept() as busy_backend, \
                connect(fleet.plain_port) as idle, fleet.backend.accept() as idle_backend:
            address = f"127.0.0.1:{idle.getsockname()[1]}"
            while not fleet.proxy.events("closed", client=address):
                busy.sendall(b"x")
                assert busy_backend.recv(1) == b"x"
            assert fleet.proxy.events("closed", client=address)[0]["reason"] == "idle"
            for cut in (idle, idle_backend):
                with pytest.raises(ConnectionResetError):
                    cut.recv(1)


def test_backend_that_is_not_there(tmp_path):
    with plain_fleet(tmp_path) as fleet:
        fleet.backend.listening.close()
        # The reset can be faster than connect().
        with pytest.raises(ConnectionResetError), connect(fleet.plain_port) as client:
            client.recv(1)
        ended = fleet.proxy.wait_event("closed", reason="backend_unreachable")
        assert "refused" in ended["detail"]


def test_end_of_the_program_cuts_what_stays(tmp_path):
    with plain_fleet(tmp_path) as fleet, connect(fleet.plain_port) as client, fleet.backend.accept():
        event(fleet, "accepted", client)
        assert fleet.proxy.stop() == 0
        with pytest.raises(ConnectionResetError):
            client.recv(1)
        assert event(fleet, "closed", client)["reason"] == "shutting_down"

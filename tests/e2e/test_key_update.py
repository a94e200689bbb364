"""Key updates while data flows both ways (TLS 1.3), and renegotiation, which is refused (TLS 1.2).

The backend is an echo, so that one connection carries its data in both directions at once; only NSS,
which goes on after the refusal, speaks HTTP.
"""

import contextlib
import socket
import socketserver
import struct
import threading
from pathlib import Path

import pytest

import payload
from clients import SClient, Target
from clients.nss import NssClient
from fleet import SUITES, Fleet, Tenant

NAME = "update.baton.test"
CHUNK = 100_000
ROUNDS = 20
CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA = 20, 21, 22, 23


class EchoBackend:
    """Context manager: sends back what it gets, and ends when the other side does."""

    def __init__(self) -> None:
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Echo)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self.port: int = self._server.server_address[1]

    def __enter__(self) -> "EchoBackend":
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()  # also waits for the connections, which have ended with the proxy


class _Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # The proxy may cut it off; the test sees that in its log.
            while data := self.request.recv(1 << 16):
                self.request.sendall(data)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    with Fleet(tmp_path_factory.mktemp("fleet"), [Tenant([NAME])], backend=EchoBackend()) as running:
        yield running
        assert running.proxy.stop() == 0
        assert running.keystore.stop() == 0


def target(fleet: Fleet, version: str, suite: str | None = None) -> Target:
    return Target(NAME, "127.0.0.1", fleet.port, fleet.ca_file, version, suite)


def chunk(number: int) -> bytes:
    """Data that is different in every round, and does not start with a letter that s_client obeys."""
    return b"#%04d " % number + payload.BLOCK[number:number + CHUNK]


def messages(log: Path, *words: str) -> list[str]:
    """For every message in s_client's log whose line has the words: ">>>" sent, "<<<" received."""
    return [line[:3] for line in log.read_text().splitlines()
            if line[:3] in (">>>", "<<<") and all(word in line for word in words)]


@pytest.mark.parametrize("suite", SUITES["1.3"])
@pytest.mark.parametrize("asking", [
    pytest.param([False], id="own-key"),
    pytest.param([True], id="both-keys"),
    pytest.param([False, True, True], id="mixed"),
])
def test_key_updates_while_data_flows_both_ways(fleet, tmp_path, suite, asking):
    log = tmp_path / "messages.log"
    requests = [asking[number % len(asking)] for number in range(ROUNDS)]
    sent = b"".join(map(chunk, range(ROUNDS)))
    with SClient(target(fleet, "1.3", suite), options=["-msg", "-msgfile", log]) as client:
        for number, request_peer in enumerate(requests):
            client.send(chunk(number))
            client.update_key(request_peer)
        assert client.read_exactly(len(sent)) == sent
        client.send(b"#the last\n")
        assert client.read_until(b"#the last\n") == b"#the last\n"
        assert client.close() == 0
    updates = messages(log, "KeyUpdate")
    assert updates.count(">>>") == ROUNDS
    # One answer may do for several requests (RFC 8446 §4.6.3).
    assert (1 if any(requests) else 0) <= updates.count("<<<") <= sum(requests)
    check_closed(fleet, len(sent) + len(b"#the last\n"))


@pytest.mark.parametrize("suite", SUITES["1.3"])
def test_every_request_is_answered_when_nothing_else_flows(fleet, tmp_path, suite):
    log = tmp_path / "messages.log"
    with SClient(target(fleet, "1.3", suite), options=["-msg", "-msgfile", log]) as client:
        for number in range(ROUNDS):
            client.update_key(request_peer=True)
            line = b"#%d\n" % number
            client.send(line)
            assert client.read_until(b"\n") == line
        assert client.close() == 0
    assert messages(log, "KeyUpdate") == [">>>", "<<<"] * ROUNDS


def check_closed(fleet: Fleet, size: int) -> None:
    """The last connection has ended in order, with so many bytes each way."""
    count = len(fleet.proxy.events("established"))
    fleet.proxy.wait_event("closed", count)
    event = fleet.proxy.events("closed")[-1]
    assert (event["reason"], event["bytes_in"], event["bytes_out"]) == ("closed", size, size)


class RenegotiatingSClient(SClient):
    """An s_client that can be told to renegotiate."""

    def renegotiate(self) -> None:
        self._write(b"R\n")


class RenegotiatingNss(NssClient):
    """tstclnt that renegotiates once, right after its handshake."""

    def _command(self, to, scratch):
        return [*super()._command(to, scratch), "-r", "1"]


class Tap:
    """Context manager: passes one connection on to the proxy, and keeps the bytes of both directions."""

    def __init__(self, port: int):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._target = port
        self.port: int = self._listener.getsockname()[1]
        self.from_client, self.from_server = bytearray(), bytearray()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Tap":
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # for the case that no client came
        self._thread.join()
        self._listener.close()

    def _run(self) -> None:
        with contextlib.suppress(OSError), self._listener.accept()[0] as client, \
                socket.create_connection(("127.0.0.1", self._target)) as server:
            back = threading.Thread(target=self._pass_on, args=(server, client, self.from_server))
            back.start()
            self._pass_on(client, server, self.from_client)
            back.join()

    @staticmethod
    def _pass_on(source: socket.socket, target: socket.socket, kept: bytearray) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                kept.extend(data)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


def encrypted_types(stream: bytes) -> list[int]:
    """The content types of the records behind the first ChangeCipherSpec, of a TLS 1.2 connection."""
    types, at = [], 0
    while at < len(stream):
        content_type, _, size = struct.unpack_from("!BHH", stream, at)
        types.append(content_type)
        at += 5 + size
    return types[types.index(CHANGE_CIPHER_SPEC) + 1:]


@pytest.mark.parametrize("suite", SUITES["1.2"])
def test_renegotiation_is_refused_and_the_client_decides(fleet, tmp_path, suite):
    """s_client decides to end the connection, with an alert."""
    log = tmp_path / "messages.log"
    cipher = f"TLS_ECDHE_ECDSA_WITH_{suite}"
    before = fleet.proxy.events("established")
    with RenegotiatingSClient(target(fleet, "1.2", cipher), options=["-msg", "-msgfile", log]) as client:
        client.send(chunk(0))
        assert client.read_exactly(len(chunk(0))) == chunk(0)
        client.renegotiate()
        assert client.wait_closed() == 1
    assert messages(log, "Alert", "warning no_renegotiation") == ["<<<"]
    assert messages(log, "Alert", "fatal handshake_failure") == [">>>"]
    fleet.proxy.wait_event("closed", len(before) + 1)
    event = fleet.proxy.events("closed")[-1]
    assert event["reason"] == "client_alert"
    assert "handshake_failure" in event["detail"]
    check_alive(fleet)


def check_alive(fleet: Fleet) -> None:
    """The proxy still serves others."""
    with SClient(target(fleet, "1.3")) as client:
        client.send(b"#hello\n")
        assert client.read_until(b"\n") == b"#hello\n"
        assert client.close() == 0


@pytest.mark.parametrize("suite", SUITES["1.2"])
def test_renegotiation_is_refused_and_the_client_goes_on(tmp_path, suite):
    with Fleet(tmp_path, [Tenant([NAME])]) as fleet, Tap(fleet.port) as tap:
        to = Target(NAME, "127.0.0.1", tap.port, fleet.ca_file, "1.2", f"TLS_ECDHE_ECDSA_WITH_{suite}")
        got = RenegotiatingNss(tmp_path).download(to, f"/bytes/{CHUNK}")
        assert got.sha256 == payload.expected_sha256(CHUNK)
        assert fleet.proxy.wait_event("closed")["reason"] == "closed"
        assert fleet.proxy.stop() == 0
    # Its Finished and the new ClientHello; our Finished, the refusal, and only then the data.
    assert encrypted_types(tap.from_client).count(HANDSHAKE) == 2
    ours = encrypted_types(tap.from_server)
    assert ours[:3] == [HANDSHAKE, ALERT, APPLICATION_DATA]

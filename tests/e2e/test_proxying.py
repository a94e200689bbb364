"""An established connection: its ends, its limits, and the life of the program around it."""

import hashlib
import re
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

import payload
from bad_clients import REQUEST
from fleet import BIN, Fleet, ListeningBackend, Program, Tenant, wait_until
from step_client import StepClient, client_context, connect, record, reset

NAME = "www.baton.test"
VERSIONS = ("1.2", "1.3")
DATA = b"".join(payload.chunks(1_000_000))
OFFERED = 500_000_000
# What kernel buffers of four sockets may take of an offer (net.ipv4.tcp_wmem and tcp_rmem go to about 6 MB each).
MOST_UNDER_WAY = 64_000_000
# For the proxy's own buffers of one connection (64 KiB a direction) and the allocator's rounding.
ALLOWED_GROWTH = 2 << 20
CUT = (ssl.SSLEOFError, ConnectionResetError)


def fleet_with(directory: Path, **limits: object) -> Fleet:
    """A fleet whose backend is the test itself."""
    return Fleet(directory, [Tenant([NAME])], backend=ListeningBackend(),
                 proxy_settings={"limits": limits} if limits else None)


def established(fleet: Fleet, version: str | None = None) -> StepClient:
    return StepClient(fleet.port, NAME, client_context(fleet.ca_file, version)).establish()


def closed(fleet: Fleet, client: StepClient) -> dict:
    return fleet.proxy.wait_event("closed", client=f"127.0.0.1:{client.local_port}")


def receive_all(sock: socket.socket) -> bytes:
    data = b""
    while piece := sock.recv(1 << 20):
        data += piece
    return data


def receive_exactly(sock: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        piece = sock.recv(size - len(data))
        assert piece, f"the stream ended after {len(data)} bytes"
        data += piece
    return bytes(data)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    with fleet_with(tmp_path_factory.mktemp("fleet")) as fleet:
        yield fleet
        assert fleet.proxy.stop() == 0


# --- ends ---

@pytest.mark.parametrize("version", VERSIONS)
def test_client_closes_its_direction_first(fleet, version):
    with established(fleet, version) as client:
        client.socket.sendall(client.seal(DATA) + client.close_notify())
        with fleet.backend.accept() as backend:
            assert receive_all(backend) == DATA
            sending = threading.Thread(target=lambda: (backend.sendall(DATA), backend.shutdown(socket.SHUT_WR)))
            sending.start()
            assert client.read_all() == DATA
            sending.join()
        event = closed(fleet, client)
        assert (event["reason"], event["bytes_in"], event["bytes_out"]) == ("closed", len(DATA), len(DATA))


@pytest.mark.parametrize("version", VERSIONS)
def test_backend_closes_its_direction_first(fleet, version):
    with established(fleet, version) as client, fleet.backend.accept() as backend:
        backend.sendall(b"the end")
        backend.shutdown(socket.SHUT_WR)
        assert client.read_all() == b"the end"
        sending = threading.Thread(target=client.send, args=(DATA,))
        sending.start()
        assert receive_exactly(backend, len(DATA)) == DATA
        sending.join()
        client.socket.sendall(client.close_notify())
        assert receive_all(backend) == b""
        assert closed(fleet, client)["reason"] == "closed"


@pytest.mark.parametrize("version", VERSIONS)
def test_request_in_one_packet_with_the_finished(fleet, version):
    """Whatever cutting: nothing behind the handshake is lost."""
    with StepClient(fleet.port, NAME, client_context(fleet.ca_file, version)) as client:
        finished = client.say_hello()
        if version == "1.2":  # its client may only speak once the server's Finished is there
            client.socket.sendall(finished)
            client.finish()
            finished = b""
        client.socket.sendall(finished + client.seal(DATA) + client.close_notify())
        with fleet.backend.accept() as backend:
            assert receive_all(backend) == DATA
            backend.sendall(b"got it")
        assert client.read_all() == b"got it"


def test_client_says_everything_and_closes_its_half_of_tcp(fleet):
    """Finished, request, close_notify and FIN in one go are legal, and the answer has a way back."""
    with StepClient(fleet.port, NAME, client_context(fleet.ca_file, "1.3")) as client:
        finished = client.say_hello()
        client.socket.sendall(finished + client.seal(REQUEST) + client.close_notify())
        client.socket.shutdown(socket.SHUT_WR)
        with fleet.backend.accept() as backend:
            assert receive_all(backend) == REQUEST
            backend.sendall(b"got it")
        assert client.read_all() == b"got it"


@pytest.mark.parametrize("version", VERSIONS)
def test_client_cut_without_close_notify_resets_the_backend(fleet, version):
    """So that the backend does not take a part for the whole."""
    with established(fleet, version) as client, fleet.backend.accept() as backend:
        client.send(b"the first half")
        assert backend.recv(100) == b"the first half"
        client.socket.shutdown(socket.SHUT_WR)
        with pytest.raises(ConnectionResetError):
            backend.recv(100)
        event = closed(fleet, client)
        assert (event["reason"], event["detail"]) == ("client_truncated", "the client closed without close_notify")


@pytest.mark.parametrize("version", VERSIONS)
def test_backend_that_resets(fleet, version):
    """The client must not take a part for the whole either: it gets no close_notify."""
    with established(fleet, version) as client:
        backend = fleet.backend.accept()
        backend.sendall(b"the first half")
        assert client.read_exactly(14) == b"the first half"
        reset(backend)
        with pytest.raises(CUT):
            client.read()
        event = closed(fleet, client)
        assert event["reason"] == "backend_failed"
        assert "reset by peer" in event["detail"]


def test_forged_record_ends_the_connection(fleet):
    with established(fleet) as client, fleet.backend.accept() as backend:
        client.socket.sendall(record(23, bytes(100)))
        with pytest.raises(ssl.SSLError, match="BAD_RECORD_MAC"):
            client.read()
        with pytest.raises(ConnectionResetError):
            backend.recv(100)
        event = closed(fleet, client)
        assert (event["reason"], event["detail"]) == ("tls_failure", "bad_record_mac: a record does not decrypt")


# --- the backend is not there ---

@pytest.mark.parametrize("version", VERSIONS)
def test_backend_that_is_not_there(tmp_path, version):
    with fleet_with(tmp_path) as fleet:
        fleet.backend.listening.close()
        with established(fleet, version) as client:
            with pytest.raises(ssl.SSLError, match="INTERNAL_ERROR"):
                client.read()
            event = closed(fleet, client)
            assert event["reason"] == "backend_unreachable"
            assert "refused" in event["detail"]


def test_backend_that_does_not_accept(tmp_path):
    fleet = Fleet(tmp_path, [Tenant([NAME])], backend=ListeningBackend(backlog=0),
                  proxy_settings={"limits": {"connect_timeout": "200ms"}})
    with fleet, connect(fleet.backend.port), established(fleet) as client:  # the first one fills the queue
        with pytest.raises(ssl.SSLError, match="INTERNAL_ERROR"):
            client.read()
        event = closed(fleet, client)
        assert event["reason"] == "backend_unreachable"
        assert "took longer than 200 ms" in event["detail"]


# --- limits ---

@pytest.mark.parametrize("version", VERSIONS)
def test_backend_that_has_answered_and_reads_no_more(fleet, version):
    """The client gets the whole answer, though what it goes on sending cannot be delivered."""
    with established(fleet, version) as client:
        backend = fleet.backend.accept()
        upload = client.seal(bytes(16_000_000))
        with Offer(client.socket.sendall, [upload]) as offer:
            wait_until(lambda: backend.recv(1), "the upload has begun")
            backend.sendall(DATA[:20_000])
            backend.shutdown(socket.SHUT_WR)
            backend.close()  # with unread bytes: a reset
            assert client.read_all() == DATA[:20_000]
            assert closed(fleet, client)["reason"] == "closed"
        assert offer.taken == 0


def test_tiny_records_of_one_client_do_not_stop_the_others(fleet):
    """They cost the event loop a lot and the client little. No time is measured: it is the order that counts."""
    count, done = 200_000, threading.Event()
    with established(fleet) as busy, fleet.backend.accept() as busy_backend, \
            established(fleet) as other, fleet.backend.accept() as other_backend:
        flood = b"".join(busy.seal(b"x") for _ in range(count))

        def swallow() -> None:
            receive_exactly(busy_backend, count)
            done.set()
        receiver = threading.Thread(target=swallow)
        receiver.start()
        served = 0
        with Offer(busy.socket.sendall, [flood]):
            while not done.is_set():
                other.send(b"ping")
                assert receive_exactly(other_backend, 4) == b"ping"
                served += 1
        receiver.join()
        assert served > 10


class Offer:
    """Context manager: sends as much as is taken, up to OFFERED or what is given, in the background."""

    def __init__(self, send: Callable[[bytes], object], chunks: Iterable[bytes] | None = None):
        self._send = send
        self._chunks = payload.chunks(OFFERED) if chunks is None else chunks
        self.taken = 0
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Offer":
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._thread.join()

    def _run(self) -> None:
        try:
            for chunk in self._chunks:
                self._send(bytes(chunk))
                self.taken += len(chunk)
        except OSError:
            pass  # the test has cut the connection

    def wait_stuck(self) -> None:
        """Return when nothing more was taken for a while."""
        def is_stuck() -> bool:
            before = self.taken
            time.sleep(0.5)  # not to wait for something, but to see that nothing happens
            return self.taken == before > 0
        wait_until(is_stuck, "the offer is no longer taken")


def check_bounded(program: Program, before: int, offer: Offer) -> None:
    offer.wait_stuck()
    assert offer.taken < MOST_UNDER_WAY
    assert program.resident_bytes() - before < ALLOWED_GROWTH


def check_goes_on(offer: Offer, read: Callable[[], bytes]) -> None:
    """Once it is read, more of the offer is taken than could be under way, and it arrives unharmed."""
    taken, left, digest = offer.taken, MOST_UNDER_WAY, hashlib.sha256()
    while left:
        data = read()[:left]
        digest.update(data)
        left -= len(data)
    assert digest.hexdigest() == payload.expected_sha256(MOST_UNDER_WAY)
    assert offer.taken > taken


def warm_up(fleet: Fleet) -> int:
    """Carry some data both ways; the proxy's memory then."""
    with established(fleet) as client, fleet.backend.accept() as backend:
        echo = threading.Thread(target=lambda: backend.sendall(receive_exactly(backend, len(DATA))))
        echo.start()
        client.send(DATA)
        assert client.read_exactly(len(DATA)) == DATA
        echo.join()
        client.socket.sendall(client.close_notify())
    closed(fleet, client)
    return fleet.proxy.resident_bytes()


def test_client_that_does_not_read(fleet):
    before = warm_up(fleet)
    with established(fleet) as client:
        backend = fleet.backend.accept()
        with Offer(backend.sendall) as offer:
            check_bounded(fleet.proxy, before, offer)
            check_goes_on(offer, client.read)
            reset(client.socket)
        backend.close()


def test_backend_that_does_not_read(fleet):
    before = warm_up(fleet)
    with established(fleet) as client, fleet.backend.accept() as backend:
        client.socket.settimeout(None)
        with Offer(client.send) as offer:
            check_bounded(fleet.proxy, before, offer)
            check_goes_on(offer, lambda: backend.recv(1 << 20))
            client.socket.shutdown(socket.SHUT_RDWR)


def test_idle_connection_is_cut(tmp_path):
    with fleet_with(tmp_path, idle_timeout="1s") as fleet:
        with established(fleet) as busy, fleet.backend.accept() as busy_backend, \
                established(fleet) as idle, fleet.backend.accept() as idle_backend:
            address = f"127.0.0.1:{idle.local_port}"
            while not fleet.proxy.events("closed", client=address):
                busy.send(b"x")
                assert busy_backend.recv(1) == b"x"
            assert fleet.proxy.events("closed", client=address)[0]["reason"] == "idle"
            with pytest.raises(CUT):
                idle.read()
            with pytest.raises(ConnectionResetError):
                idle_backend.recv(1)
            busy.send(b"y")
            assert busy_backend.recv(1) == b"y"


def test_client_that_fails_while_it_does_not_read_is_cut(tmp_path):
    """Its alert cannot be sent, since output is waiting; it is cut off all the same."""
    with fleet_with(tmp_path, idle_timeout="5s") as fleet, established(fleet) as client:
        backend = fleet.backend.accept()
        with Offer(backend.sendall) as offer:
            offer.wait_stuck()
            client.socket.sendall(record(23, bytes(100)))
            assert closed(fleet, client)["reason"] == "tls_failure"
        backend.close()


def test_max_connections(tmp_path):
    with fleet_with(tmp_path, max_connections=2) as fleet:
        with established(fleet) as first, connect(fleet.port):  # one that has not even begun counts too
            with pytest.raises(ConnectionResetError), connect(fleet.port) as refused:
                refused.recv(1)
            first.socket.sendall(first.close_notify())
            fleet.backend.accept().close()
            assert first.read_all() == b""
            closed(fleet, first)
            wait_until(lambda: _is_admitted(fleet), "a place is free again")
        fleet.proxy.stop()
        assert fleet.proxy.events("counters")[-1]["refused_max_connections"] >= 1


def _is_admitted(fleet: Fleet) -> bool:
    try:
        established(fleet).socket.close()
        return True
    except ConnectionResetError:
        return False


# --- the end of the program ---

def test_sigterm_lets_a_download_finish(tmp_path):
    size = 60_000_000
    with Fleet(tmp_path, [Tenant([NAME])]) as fleet, established(fleet) as client:
        client.send(f"GET /bytes/{size} HTTP/1.1\r\nConnection: close\r\nHost: any\r\n\r\n".encode())
        client.read_until(b"\r\n\r\n")
        digest = hashlib.sha256(client.read_exactly(100_000))
        fleet.proxy.process.send_signal(signal.SIGTERM)
        wait_until(lambda: _refuses_connections(fleet.port), "new connections are refused")
        while data := client.read():
            digest.update(data)
        assert digest.hexdigest() == payload.expected_sha256(size)
        client.socket.sendall(client.close_notify())
        assert fleet.proxy.process.wait(20) == 0
        assert closed(fleet, client)["reason"] == "closed"
        assert fleet.proxy.events("stopped")


def _refuses_connections(port: int) -> bool:
    try:
        connect(port).close()
        return False
    except ConnectionRefusedError:
        return True


def test_sigterm_does_not_wait_for_ever(tmp_path):
    """What is idle when the drain ends is cut; the programs end in good order, in any phase of a connection."""
    with fleet_with(tmp_path) as fleet, established(fleet) as client, fleet.backend.accept(), \
            StepClient(fleet.port, NAME, client_context(fleet.ca_file)) as early:
        early.say_hello()
        assert fleet.proxy.stop() == 0
        assert closed(fleet, client)["reason"] == "shutting_down"
        with pytest.raises(CUT):
            client.read()
        assert fleet.keystore.stop() == 0


# --- the command line ---

PROGRAMS = {"baton-proxy": "proxy", "baton-keystore": "keystore"}


def run(*command: object) -> subprocess.CompletedProcess:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=20)


def check_config(fleet: Fleet, name: str) -> subprocess.CompletedProcess:
    return run(BIN / name, "--config", getattr(fleet, PROGRAMS[name]).config, "--check")


@pytest.fixture
def written(tmp_path):
    """A fleet's configuration, of which nothing runs."""
    fleet = fleet_with(tmp_path)
    with fleet.backend:
        yield fleet


@pytest.mark.parametrize("name", PROGRAMS)
def test_check_of_a_good_file(written, name):
    result = check_config(written, name)
    config = getattr(written, PROGRAMS[name]).config
    assert (result.returncode, result.stdout, result.stderr) == (0, f"{config}: OK\n", "")


@pytest.mark.parametrize("name", PROGRAMS)
def test_check_names_every_bad_line(written, name):
    config = getattr(written, PROGRAMS[name]).config
    lines = config.read_text().splitlines()
    lines += ["[limits]", 'handshake_timout = "2s"', 'handshake_timeout = "2 parsecs"']
    config.write_text("\n".join(lines))
    result = check_config(written, name)
    assert (result.returncode, result.stdout) == (1, "")
    unknown, wrong = result.stderr.splitlines()
    assert unknown.startswith(f"{config}:{len(lines) - 1}: limits.handshake_timout: unknown key")
    assert 'did you mean "handshake_timeout"' in unknown
    assert wrong.startswith(f"{config}:{len(lines)}: limits.handshake_timeout: ")


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("spoil, said", [
    (lambda key: key.chmod(0o644), "chmod 600"), (lambda key: key.unlink(), "No such file"),
    (lambda key: key.write_text("no key"), "private key")], ids=["readable", "absent", "garbage"])
def test_check_reads_the_files(written, name, spoil, said):
    config = getattr(written, PROGRAMS[name]).config
    key = Path(re.search(r'^private_key = "(.*)"', config.read_text(), re.MULTILINE)[1])
    spoil(key)
    line = next(number for number, text in enumerate(config.read_text().splitlines(), 1) if key.name in text)
    result = check_config(written, name)
    assert result.returncode == 1
    assert re.match(rf"{re.escape(str(config))}:({line}|{line - 1}): ", result.stderr)
    assert said in result.stderr


@pytest.mark.parametrize("name", PROGRAMS)
def test_version_and_help(name):
    version, text = run(BIN / name, "--version"), run(BIN / name, "--help")
    assert version.returncode == text.returncode == 0
    assert re.fullmatch(rf"{name} \d+\.\d+\.\d+\n", version.stdout)
    for part in (name, "--config", "--check", "Exit codes", "serialization_version" if "store" in name else "backend"):
        assert part in text.stdout
    assert version.stderr == text.stderr == ""


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("arguments, code", [((), 2), (("--no-such-option",), 2), (("--config", "/nowhere"), 1)])
def test_bad_command_lines(name, arguments, code):
    result = run(BIN / name, *arguments)
    assert (result.returncode, result.stdout) == (code, "")
    assert result.stderr

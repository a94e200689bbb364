"""R2: no byte lost and none twice, wherever the handoff cuts the stream of either side.

A client that places every byte: it decides where its own stream is cut, and in what pieces it reads
the server's. The second piece of a cut is sent once the proxy has read the first: the kernel tells
how many bytes wait in the proxy's socket.
"""

import functools
import hashlib
import os
import random
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

import payload
from fleet import Fleet, Tenant, wait_until

NAME, REFUSED_NAME = "cut.baton.test", "refused.baton.test"
TIMEOUT = 60  # s, for what never takes long
CONNECTIONS = 8  # at the same time
RACES = 100  # connections for what is a race inside the proxy
BODY_SIZE = 2_000
DOWNLOAD_SIZE = 200_000
MIN_HANDSHAKE = 200  # bytes of a client
UNCUT, EVERYWHERE = range(0), range(1 << 30)
# Of <linux/netlink.h>, <linux/sock_diag.h> and <linux/inet_diag.h>.
NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, NLMSG_ERROR = 4, 20, 1, 2
UNREAD_AT = 16 + 4 + 48 + 4  # offset of idiag_rqueue behind the header of the message


@dataclass(frozen=True)
class Kind:
    """A kind of handshake: `resumed` has one flight less in TLS 1.2, `retried` one more in TLS 1.3."""

    version: str
    resumed: bool = False
    retried: bool = False

    def __str__(self) -> str:
        words = [self.version, "resumed" if self.resumed else "full"]
        return "-".join([*words, "retried"] if self.retried else words)


KINDS = [Kind("1.2"), Kind("1.2", resumed=True), Kind("1.3"), Kind("1.3", resumed=True),
         Kind("1.3", retried=True), Kind("1.3", resumed=True, retried=True)]
every_kind = pytest.mark.parametrize("kind", KINDS, ids=str)


def unread_at_peer(sock: socket.socket) -> int:
    """How many bytes the process at the other end of a loopback connection has not read yet."""
    ends = sock.getpeername(), sock.getsockname()
    address = struct.pack("!HH16s16s4x8s", *(port for _, port in ends),
                          *(socket.inet_aton(host) for host, _ in ends), b"\xff" * 8)
    request = struct.pack("=BBBxI", socket.AF_INET, socket.IPPROTO_TCP, 0, 0xFFFFFFFF) + address
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as kernel:
        kernel.send(struct.pack("=IHHII", 16 + len(request), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, 0, 0) + request)
        answer = kernel.recv(4096)
    _, kind, _, _, _, code = struct.unpack_from("=IHHIIi", answer)
    if kind == NLMSG_ERROR:
        raise OSError(-code, f"no such connection: {os.strerror(-code)}")
    return struct.unpack_from("=I", answer, UNREAD_AT)[0]


def pieces(data: bytes, offset: int, cuts: range) -> Iterable[bytes]:
    """`data`, which stands at `offset` of its stream, cut before every offset in `cuts`."""
    inside = range(max(cuts.start, offset + 1), min(cuts.stop, offset + len(data)))
    edges = [0, *(cut - offset for cut in inside), len(data)]
    return [data[begin:end] for begin, end in zip(edges, edges[1:])]


class Client:
    """Context manager: a TLS client in memory, its bytes over a plain socket.

    What is sent is cut before each offset in `cuts`; `read_size` gives the size of every read.
    """

    def __init__(self, port: int, context: ssl.SSLContext, session: ssl.SSLSession | None = None,
                 cuts: range = UNCUT, read_size: Callable[[], int] = lambda: 1 << 16, server_name: str = NAME):
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name, session=session)
        self._cuts, self._read_size = cuts, read_size
        self.sent = 0
        self.socket = socket.create_connection(("127.0.0.1", port), TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.socket.close()

    def shake_hands_and_send(self, request: bytes, closing: bool = False) -> None:
        """The handshake, and the request in one send with its last flight.

        With `closing`, close_notify and the end of the stream follow in the same breath.
        """
        while not self._try(self.tls.do_handshake):
            self.flush()
            self._receive()
        self.tls.write(request)
        if closing:
            self._try(self.tls.unwrap)
        self.flush()
        if closing:
            self.socket.shutdown(socket.SHUT_WR)

    def read_all(self) -> bytes:
        """Everything up to the server's close_notify, which has to be there."""
        parts: list[bytes] = []
        while not (parts and parts[-1] == b""):
            if not self._try(lambda: parts.append(self._read())):
                self._receive()
        return b"".join(parts)

    def _read(self) -> bytes:
        try:
            return self.tls.read(1 << 16)
        except ssl.SSLZeroReturnError:  # instead of no bytes, when our close_notify was sent
            return b""

    def close(self) -> None:
        """Answer the server's close_notify."""
        self.tls.unwrap()
        self.flush()

    def flush(self) -> None:
        """Send all that TLS has written, in pieces."""
        for index, piece in enumerate(pieces(data := self._outgoing.read(), self.sent, self._cuts)):
            if index:
                self._wait_until_read()
            self.socket.sendall(piece)
        self.sent += len(data)

    def _wait_until_read(self) -> None:
        end = time.monotonic() + TIMEOUT
        while unread_at_peer(self.socket):
            assert time.monotonic() < end, f"the proxy does not read; {self.sent} bytes sent"
            os.sched_yield()

    def _receive(self) -> None:
        data = self.socket.recv(self._read_size())
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()  # makes the next call fail, unless close_notify was there

    @staticmethod
    def _try(call: Callable[[], object]) -> bool:
        try:
            call()
            return True
        except ssl.SSLWantReadError:
            return False


def upload_request(size: int = BODY_SIZE) -> bytes:
    return f"PUT /upload HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\nContent-Length: {size}\r\n\r\n".encode() \
        + payload.BLOCK[:size]


def download_request(size: int = DOWNLOAD_SIZE) -> bytes:
    return f"GET /bytes/{size} HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n".encode()


def check_response(response: bytes, body: bytes) -> None:
    head, _, received = response.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), response[:200]
    assert (len(received), hashlib.sha256(received).digest()) == (len(body), hashlib.sha256(body).digest())


def check_upload(response: bytes, size: int = BODY_SIZE) -> None:
    """The backend has got exactly the body."""
    check_response(response, f"{payload.expected_sha256(size)} {size}\n".encode())


def check_download(response: bytes) -> None:
    check_response(response, payload.BLOCK[:DOWNLOAD_SIZE])


@dataclass(frozen=True)
class Server:
    """A running fleet, for clients of one kind of handshake."""

    fleet: Fleet
    kind: Kind
    context: ssl.SSLContext
    session: ssl.SSLSession | None

    def connect(self, cuts: range = UNCUT, read_size: Callable[[], int] = lambda: 1 << 16) -> Client:
        return Client(self.fleet.port, self.context, self.session, cuts, read_size)

    def upload(self, cuts: range = UNCUT) -> int:
        """One exact upload; how many bytes were sent up to the end of the request."""
        with self.connect(cuts) as client:
            client.shake_hands_and_send(upload_request())
            assert client.tls.session_reused == self.kind.resumed
            sent = client.sent
            check_upload(client.read_all())
            client.close()
            return sent

    def half_closed_upload(self) -> None:
        """One exact upload whose stream ends behind the request."""
        with self.connect() as client:
            client.shake_hands_and_send(upload_request(), closing=True)
            assert client.tls.session_reused == self.kind.resumed
            check_upload(client.read_all())

    def download(self, read_size: Callable[[], int]) -> None:
        """One exact download, its bytes read in pieces of these sizes."""
        with self.connect(read_size=read_size) as client:
            client.shake_hands_and_send(download_request())
            assert client.tls.session_reused == self.kind.resumed
            check_download(client.read_all())
            client.close()


def tls_version(version: str) -> ssl.TLSVersion:
    return ssl.TLSVersion[f"TLSv{version.replace('.', '_')}"]


def tls_context(ca_file: Path, version: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = context.maximum_version = tls_version(version)
    return context


def session_of(port: int, context: ssl.SSLContext) -> ssl.SSLSession:
    """What a whole connection leaves for the next one."""
    with Client(port, context) as client:
        client.shake_hands_and_send(upload_request())
        check_upload(client.read_all())
        client.close()
        return client.tls.session


@pytest.fixture(scope="module")
def fleets(tmp_path_factory):
    """Without and with a HelloRetryRequest: Python sends no key share for P-256 unasked."""
    names = [NAME, REFUSED_NAME]
    retry = {"groups": ["P-256"]}
    with Fleet(tmp_path_factory.mktemp("plain"), [Tenant(names)]) as plain, \
            Fleet(tmp_path_factory.mktemp("retrying"), [Tenant(names)], keystore_settings=retry) as retrying:
        yield {False: plain, True: retrying}
        for fleet in (plain, retrying):
            check_all_ended_well(fleet)
            assert fleet.proxy.stop() == 0
            assert fleet.keystore.stop() == 0


def check_all_ended_well(fleet: Fleet) -> None:
    """What the proxy says of all the connections."""
    count = len(fleet.proxy.events("established"))
    wait_until(lambda: len(fleet.proxy.events("closed")) == count, f"{count} connections end", fleet.proxy.describe)
    assert {event["reason"] for event in fleet.proxy.events("closed")} <= {"closed"}
    assert [event for event in fleet.proxy.events("handshake_failed") if event["server_name"] != REFUSED_NAME] == []


@pytest.fixture
def server(fleets, kind) -> Server:
    fleet = fleets[kind.retried]
    context = tls_context(fleet.ca_file, kind.version)
    session = session_of(fleet.port, context) if kind.resumed else None
    return Server(fleet, kind, context, session)


@every_kind
def test_client_stream_cut_in_two_at_every_offset(server):
    size = server.upload()
    assert size > len(upload_request()) + MIN_HANDSHAKE
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        cut_at = [range(offset, offset + 1) for offset in range(1, size)]
        assert set(pool.map(server.upload, cut_at)) == {size}


@every_kind
def test_client_stream_byte_by_byte(server):
    assert server.upload(EVERYWHERE) == server.upload()


@every_kind
def test_end_of_the_client_stream_behind_its_request(server):
    """Finished, request, close_notify and FIN may all be there before the key store has answered."""
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for upload in [pool.submit(server.half_closed_upload) for _ in range(RACES)]:
            upload.result()


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_end_of_the_client_stream_behind_its_alert(fleets, version):
    """A client that refuses the certificate and hangs up: the operator reads why."""
    fleet = fleets[False]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody
    context.minimum_version = context.maximum_version = tls_version(version)
    events = functools.partial(fleet.proxy.events, "handshake_failed", server_name=REFUSED_NAME)
    before = len(events())
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for refusal in [pool.submit(refuse_certificate, fleet.port, context) for _ in range(RACES)]:
            refusal.result()
    fleet.proxy.wait_event("handshake_failed", before + RACES, server_name=REFUSED_NAME)
    assert {(event["reason"], event["alert"]) for event in events()} == {("tls_alert_received", "unknown_ca")}


def refuse_certificate(port: int, context: ssl.SSLContext) -> None:
    """Send the alert, and close."""
    with Client(port, context, server_name=REFUSED_NAME) as client:
        with pytest.raises(ssl.SSLCertVerificationError):
            client.shake_hands_and_send(b"")
        client.flush()


@every_kind
def test_server_stream_byte_by_byte(server):
    server.download(lambda: 1)


@every_kind
@pytest.mark.parametrize("seed", range(10))
def test_server_stream_in_random_pieces(server, seed):
    server.download(functools.partial(random.Random(seed).choice, [1, 2, 3, 5, 20, 100, 1_000, 5_000, 17_000]))

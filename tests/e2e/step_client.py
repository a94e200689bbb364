"""A TLS client that goes on one step at a time over a plain socket, and so can misbehave at any step."""

import socket
import ssl
import struct
import warnings
from collections.abc import Callable
from pathlib import Path

TIMEOUT = 30  # s, of every wait for the other side

ALERTS = {
    "close_notify": 0, "unexpected_message": 10, "bad_record_mac": 20, "record_overflow": 22,
    "handshake_failure": 40, "bad_certificate": 42, "unknown_ca": 48, "decode_error": 50, "decrypt_error": 51,
    "protocol_version": 70, "internal_error": 80, "missing_extension": 109, "unrecognized_name": 112,
    "certificate_required": 116, "no_application_protocol": 120,
}
VERSIONS = {
    "1.0": ssl.TLSVersion.TLSv1, "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3,
}
ALERT_RECORD = 21
HANDSHAKE_RECORD = 22


def client_context(ca_file: Path | None = None, version: str | None = None) -> ssl.SSLContext:
    """A context that trusts `ca_file` only, or nobody, and speaks one version if told."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_file:
        context.load_verify_locations(ca_file)
    if version:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of the old versions, which are the point
            context.minimum_version = context.maximum_version = VERSIONS[version]
        if version in ("1.0", "1.1"):
            context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def record(content_type: int, body: bytes) -> bytes:
    """One TLS record as it goes over the wire."""
    return struct.pack("!BHH", content_type, 0x0303, len(body)) + body


def records(stream: bytes) -> list[tuple[int, bytes]]:
    """Content type and body of each whole record."""
    found = []
    while len(stream) >= 5:
        content_type, _, size = struct.unpack("!BHH", stream[:5])
        found.append((content_type, stream[5:5 + size]))
        stream = stream[5 + size:]
    return found


def plaintext_alerts(stream: bytes) -> list[int]:
    """The fatal alerts in it that are not encrypted."""
    return [body[1] for content_type, body in records(stream)
            if content_type == ALERT_RECORD and len(body) == 2 and body[0] == 2]


def alert_record(name: str) -> bytes:
    """A fatal alert in plaintext."""
    return record(ALERT_RECORD, bytes([2, ALERTS[name]]))


def read_to_end(sock: socket.socket) -> bytes:
    """All that comes until the other side ends or resets the connection."""
    received = b""
    try:
        while data := sock.recv(1 << 16):
            received += data
    except ConnectionResetError:
        pass
    return received


def reset(sock: socket.socket) -> None:
    """Close so that the other side sees a reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), TIMEOUT)


class StepClient:
    """Context manager. `server_name` None sends none; `port` is of the proxy; `session` is to be resumed."""

    def __init__(self, port: int, server_name: str | None, context: ssl.SSLContext,
                 session: ssl.SSLSession | None = None):
        self.socket = connect(port)
        self.local_port: int = self.socket.getsockname()[1]
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name,
                                    session=session)
        self._unread = b""

    def __enter__(self) -> "StepClient":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.socket.close()

    def flight(self) -> bytes:
        """What the handshake has to send now; first the ClientHello. A certificate error leaves its alert."""
        try:
            self.tls.do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLCertVerificationError):
            pass
        return self._outgoing.read()

    def receive(self) -> bool:
        """Give TLS what has come; False at the end of the stream."""
        data = self.socket.recv(1 << 16)
        self._incoming.write(data)
        return bool(data)

    def answer(self) -> bytes:
        """The second flight, which ends with the Finished, or the alert in its place."""
        while True:
            assert self.receive(), "the server ended the connection"
            if flight := self.flight():
                return flight

    def say_hello(self) -> bytes:
        """Send the ClientHello; the second flight, unsent."""
        self.socket.sendall(self.flight())
        return self.answer()

    def establish(self) -> "StepClient":
        """The whole handshake."""
        self.socket.sendall(self.say_hello())
        self.finish()
        return self

    def finish(self) -> None:
        """Wait for the server's Finished, which in TLS 1.2 answers ours."""
        while not self._done():
            assert self.receive(), "the server ended the connection"

    def _done(self) -> bool:
        try:
            self.tls.do_handshake()
            return True
        except ssl.SSLWantReadError:
            return False

    def seal(self, data: bytes) -> bytes:
        """The records that carry application data."""
        self.tls.write(data)
        return self._outgoing.read()

    def send(self, data: bytes) -> None:
        self.socket.sendall(self.seal(data))

    def close_notify(self) -> bytes:
        """The record that ends our direction."""
        try:
            self.tls.unwrap()
        except ssl.SSLWantReadError:
            pass
        return self._outgoing.read()

    def read(self) -> bytes:
        """Some application data; empty after close_notify. Raises ssl.SSLEOFError where that is missing."""
        if self._unread:
            data, self._unread = self._unread, b""
            return data
        while True:
            try:
                return self.tls.read(1 << 16)
            except ssl.SSLZeroReturnError:
                return b""
            except ssl.SSLWantReadError:
                if not self.receive():
                    self._incoming.write_eof()

    def read_exactly(self, size: int) -> bytes:
        return self._take(lambda data: size if len(data) >= size else 0)

    def read_until(self, marker: bytes) -> bytes:
        """What comes up to and including `marker`."""
        return self._take(lambda data: data.find(marker) + len(marker) if marker in data else 0)

    def _take(self, find_end: Callable[[bytes], int]) -> bytes:
        data = b""
        while not (end := find_end(data)):
            piece = self.read()
            assert piece, f"the stream ended after {len(data)} bytes"
            data += piece
        self._unread = data[end:]
        return data[:end]

    def read_all(self) -> bytes:
        """Everything up to close_notify."""
        data = b""
        while piece := self.read():
            data += piece
        return data

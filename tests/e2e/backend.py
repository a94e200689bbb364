"""A plain HTTP/1.1 backend for the proxy under test, with content that tests can predict."""

import contextlib
import hashlib
import socket
import socketserver
import ssl
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler

import page
import payload

READ_SIZE = 1 << 18
BIND_ATTEMPTS = 20
POLL_SECONDS = 0.05  # How long ending may take.


class Backend:
    """Context manager: serves on every one of `addresses`, all with the same `port`.

    GET /bytes/N answers the first N payload bytes, PUT or POST /upload the body's hex SHA-256
    and size, GET / a small page. With `tls` it speaks HTTPS, as a stand-in for a TLS server.
    """

    def __init__(self, addresses: Sequence[str] = ("127.0.0.1",), tls: ssl.SSLContext | None = None):
        self._servers = _bind_all(addresses, tls)
        self._threads = [
            threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,)) for server in self._servers
        ]
        self.port: int = self._servers[0].server_address[1]

    def __enter__(self) -> "Backend":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        for server, thread in zip(self._servers, self._threads):
            server.shutdown()
            thread.join()
            server.disconnect_all()
            server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    # Not http.server's own class: that one looks its host name up in DNS.
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: str, port: int, tls: ssl.SSLContext | None):
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.tls = tls
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__((address, port), _Handler)

    def get_request(self):
        connection, address = super().get_request()
        if self.tls:
            # The handshake would block here, where connections are accepted.
            connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._connections.add(connection)
        return connection, address

    def finish_request(self, request, client_address):
        # A client that goes away or fails the handshake is seen by its own test.
        with contextlib.suppress(OSError):
            super().finish_request(request, client_address)

    def shutdown_request(self, request):
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def disconnect_all(self) -> None:
        """End every open connection, so that its thread ends too."""
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    # Of the plain socket: that of TLS is not to be called while another thread reads.
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self):
        if self.server.tls:
            self.request.do_handshake()
        super().setup()

    def finish(self):
        super().finish()
        if self.server.tls:
            self.request.settimeout(5)
            self.request.unwrap()  # A client that closed first makes it fail, which is ignored above.

    def do_GET(self):
        if self.path.startswith("/bytes/") and self.path[7:].isdecimal():
            return self._send_payload(int(self.path[7:]))
        if self.path in page.FILES:
            return self._send(*page.FILES[self.path])
        return self.send_error(404)

    def do_PUT(self):
        if self.path != "/upload":
            return self.send_error(404)
        if "Content-Length" not in self.headers:
            return self.send_error(411)
        digest, left = hashlib.sha256(), int(self.headers["Content-Length"])
        size = left
        while left:
            data = self.rfile.read1(min(left, READ_SIZE))
            if not data:
                self.close_connection = True
                return None  # The body was cut off: nobody is left to answer.
            digest.update(data)
            left -= len(data)
        return self._send("text/plain", f"{digest.hexdigest()} {size}\n".encode())

    do_POST = do_PUT

    def _send_payload(self, size: int) -> None:
        self._send_head("application/octet-stream", size)
        for chunk in payload.chunks(size):
            self.wfile.write(chunk)

    def _send(self, content_type: str, body: bytes) -> None:
        self._send_head(content_type, len(body))
        self.wfile.write(body)

    def _send_head(self, content_type: str, size: int) -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(size))
        self.send_header("Cache-Control", "no-store")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, *args):
        """Stay silent."""


def _bind_all(addresses: Sequence[str], tls: ssl.SSLContext | None) -> list[_Server]:
    """Bind one free port on every address; another process may hold it on one of them, so retry."""
    for _ in range(BIND_ATTEMPTS):
        servers: list[_Server] = []
        try:
            for address in addresses:
                port = servers[0].server_address[1] if servers else 0
                servers.append(_Server(address, port, tls))
            return servers
        except OSError as error:
            last_error = error
            for server in servers:
                server.server_close()
    raise last_error

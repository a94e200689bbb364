"""Stands between a proxy and a key store on Unix sockets, counts frames, and holds answers back."""

import contextlib
import socket
import threading
from collections import Counter
from pathlib import Path

HEADER = 8


class HoldingRelay:
    """A context manager. Everything passes, but what the key store says while it is held."""

    def __init__(self, listen: Path, key_store: Path):
        self.listen, self.key_store = listen, key_store
        self.counts: Counter[int] = Counter()  # frames of the proxy, by type
        self._open = threading.Event()
        self._open.set()
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> "HoldingRelay":
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(self.listen))
        self._server.listen()
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._open.set()
        for one in [self._server, *self._sockets]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def hold(self) -> None:
        self._open.clear()

    def release(self) -> None:
        self._open.set()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                proxy, _ = self._server.accept()
                key_store = socket.socket(socket.AF_UNIX)
                key_store.connect(str(self.key_store))
                self._sockets += [proxy, key_store]
                threading.Thread(target=self._carry_requests, args=(proxy, key_store), daemon=True).start()
                threading.Thread(target=self._carry_answers, args=(key_store, proxy), daemon=True).start()

    def _carry_requests(self, proxy: socket.socket, key_store: socket.socket) -> None:
        stream = b""
        with contextlib.suppress(OSError):
            while data := proxy.recv(1 << 16):
                stream += data
                while len(stream) >= HEADER and len(stream) >= (end := HEADER + int.from_bytes(stream[1:4], "big")):
                    self.counts[stream[0]] += 1
                    stream = stream[end:]
                key_store.sendall(data)
            key_store.shutdown(socket.SHUT_WR)

    def _carry_answers(self, key_store: socket.socket, proxy: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := key_store.recv(1 << 16):
                self._open.wait()
                proxy.sendall(data)
            proxy.shutdown(socket.SHUT_WR)

"""A TCP relay in user space that holds every byte back for a fixed time, each way, in place of a long cable."""

import contextlib
import queue
import socket
import threading
import time

CHUNK = 1 << 16


class DelayingRelay:
    """Context manager: forwards connections to `port` to `target` on loopback, each byte `delay` seconds late."""

    def __init__(self, target: int, delay: float):
        self.delay = delay
        self._target = target
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._sockets: list[socket.socket] = [self._listening]
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    def __enter__(self) -> "DelayingRelay":
        self._start(self._accept)
        return self

    def __exit__(self, *exc_info: object) -> None:
        with self._lock:
            for sock in self._sockets:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for sock in self._sockets:
            sock.close()

    def _start(self, work, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self._target))
                except OSError:  # nobody listens there now
                    near.close()
                    continue
                for sock in (near, far):
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._lock:
                    self._sockets += (near, far)
                for source, sink in ((near, far), (far, near)):
                    on_the_way: queue.Queue[tuple[float, bytes]] = queue.Queue()
                    self._start(self._read, source, on_the_way)
                    self._start(self._write, sink, on_the_way)

    def _read(self, source: socket.socket, on_the_way: queue.Queue) -> None:
        data = b"-"
        while data:
            try:
                data = source.recv(CHUNK)
            except OSError:
                data = b""
            on_the_way.put((time.monotonic() + self.delay, data))

    def _write(self, sink: socket.socket, on_the_way: queue.Queue) -> None:
        while True:
            due, data = on_the_way.get()
            time.sleep(max(0, due - time.monotonic()))
            try:
                if not data:
                    sink.shutdown(socket.SHUT_WR)
                    return
                sink.sendall(data)
            except OSError:
                if not data:
                    return

"""A hundred hot restarts under load: every client streams both ways over one unbroken TLS connection.

The server is examples/hot_restart, which exchanges its own process. Between two restarts every client gets back
more than can have been under way, so every process has served it.
"""

import hashlib
import os
import random
import selectors
import signal
import threading

from buffered_client import READ_SIZE, BufferedClient
from programs import CERTIFICATE, KEY, VERSIONS, Program, free_port, wait_for_port, wait_until

RESTARTS = 100
CLIENTS = 6
WINDOW = 128 * 1024  # bytes of one client that may be under way
SEED = int(os.environ.get("BATON_SEED", random.SystemRandom().randrange(2**32)))


class StreamingClient(BufferedClient):
    """Sends pseudo-random bytes and reads them back, as long as it may."""

    def __init__(self, port, number):
        super().__init__(port, VERSIONS[number % len(VERSIONS)])
        self._random = random.Random(SEED + number)
        self.sent, self.received = hashlib.sha256(), hashlib.sha256()
        self.sent_bytes = self.received_bytes = 0
        self._unsent = b""
        self.shake_hands()
        self.tcp.setblocking(False)

    def write_more(self):
        if not self._unsent and self.sent_bytes - self.received_bytes < WINDOW - 40_000:
            data = self._random.randbytes(self._random.randrange(1, 40_000))
            self.sent.update(data)
            self.sent_bytes += len(data)
            self.tls.write(data)
        self._unsent += self.to_server.read()
        if self._unsent:
            try:
                self._unsent = self._unsent[self.tcp.send(self._unsent) :]
            except BlockingIOError:
                pass

    def read_more(self):
        assert self.receive(), "the server has closed the connection"
        while isinstance(data := self.try_to(self.tls.read, READ_SIZE), bytes):
            self.received.update(data)
            self.received_bytes += len(data)

    def finish(self):
        """What is under way comes back, and then both say goodbye."""
        self.tcp.settimeout(60)
        self.tcp.sendall(self._unsent)
        while self.received_bytes < self.sent_bytes:
            self.read_more()
        self.say_goodbye()
        assert self.sent.digest() == self.received.digest()


class Load:
    """All clients, in a thread of their own."""

    def __init__(self, port):
        self.clients = [StreamingClient(port, number) for number in range(CLIENTS)]
        self._ends = threading.Event()
        self.failure = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        try:
            with selectors.DefaultSelector() as selector:
                for client in self.clients:
                    selector.register(client.tcp, selectors.EVENT_READ, client)
                while not self._ends.is_set():
                    for client in self.clients:
                        client.write_more()
                    for key, _ in selector.select(timeout=0.005):
                        key.data.read_more()
        except BaseException as failure:  # for the test's own thread
            self.failure = failure

    def wait_for_progress(self):
        """Every client has got back what the process of now has read."""
        goals = [client.received_bytes + WINDOW for client in self.clients]
        wait_until(
            lambda: self.failure or all(c.received_bytes >= goal for c, goal in zip(self.clients, goals)),
            f"progress: {goals}, {[client.received_bytes for client in self.clients]}",
        )
        if self.failure:
            raise self.failure

    def end(self):
        self._ends.set()
        self._thread.join()


def test_a_hundred_restarts_under_load():
    print(f"seed {SEED}")
    port = free_port()
    with Program("hot_restart", port, CERTIFICATE, KEY) as program:
        wait_for_port(port)
        served_by = [int(program.wait_for_line(r"process (\d+) serves")[1])]
        load = Load(port)
        try:
            load.wait_for_progress()
            for _ in range(RESTARTS):
                behind = len(program.lines)
                os.kill(served_by[-1], signal.SIGUSR2)
                served_by.append(int(program.wait_for_line(r"process (\d+) serves", behind)[1]))
                load.wait_for_progress()
        finally:
            load.end()
        for client in load.clients:
            client.finish()
        assert len(set(served_by)) == RESTARTS + 1
        assert program.lines == [f"process {pid} serves" for pid in served_by], "nothing was lost or refused"
        print(f"{sum(client.sent_bytes for client in load.clients) >> 20} MiB each way")

"""What a fleet is replaced under, process by process: its load, and the load balancers that move it."""

import asyncio
import os
import random
import socket
import ssl
import threading
from collections import Counter
from pathlib import Path

from fleet import EVENT_TIMEOUT, Program, free_port
from step_client import client_context, connect

NAME = "www.baton.test"
MOST_DATA = 20_000  # bytes of one exchange: more than one record


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.close()  # the other direction ends with it


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _copy(reader, writer)
    writer.close()


class Network:
    """Context manager: a thread with the backend, which sends back what it gets, and all load balancers."""

    def __init__(self):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self.port = free_port()

    def __enter__(self) -> "Network":
        self._thread.start()
        self.listen(_echo, self.port)
        return self

    def __exit__(self, *exc_info: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end_all(), self._loop).result(EVENT_TIMEOUT)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def listen(self, serve, port: int) -> None:
        starting = asyncio.start_server(serve, "127.0.0.1", port)
        asyncio.run_coroutine_threadsafe(starting, self._loop).result(EVENT_TIMEOUT)

    async def _end_all(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class LinkBalancer:
    """The address of the key store as one application server knows it. Links are passed on as they are."""

    def __init__(self, network: Network, target: int):
        self.target = target  # port of the key store that new links go to
        self.port = free_port()
        self._links: list[int] = []  # their targets
        network.listen(self._carry, self.port)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = self.target
        self._links.append(target)
        try:
            from_store, to_store = await asyncio.open_connection("127.0.0.1", target)
            await asyncio.gather(_copy(reader, to_store), _copy(from_store, writer))
            to_store.close()
        finally:
            self._links.remove(target)
            writer.close()

    def has_moved(self) -> bool:
        """Whether there are links, and all of them go to the target."""
        return set(self._links) == {self.target}


class Connection:
    """One client, from its handshake to close_notify of both sides."""

    def __init__(self, port: int, context: ssl.SSLContext):
        self._tls = context.wrap_socket(connect(port), server_hostname=NAME)

    def exchange(self) -> None:
        """Data that nobody else sends goes to the backend, and comes back."""
        sent = os.urandom(random.randint(1, MOST_DATA))
        self._tls.sendall(sent)
        received = b""
        while len(received) < len(sent):
            data = self._tls.recv(len(sent) - len(received))
            assert data, f"the stream ended after {len(received)} of {len(sent)} bytes"
            received += data
        assert received == sent, "other bytes came back than were sent"

    def close(self) -> None:
        self._tls.unwrap().close()


class ApplicationServer:
    """One process, and a connection that stays on it from its beginning to its end."""

    def __init__(self, program: Program, stem: str, build: str, port: int):
        self.program, self.stem, self.build, self.port = program, stem, build, port
        self.staying: Connection | None = None

    def start(self, context: ssl.SSLContext) -> "ApplicationServer":
        self.program.start().wait_event("link_up")
        self.staying = Connection(self.port, context)
        self.staying.exchange()
        return self

    def listens(self) -> bool:
        """Found out without a connection, which would be one more client."""
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError:
                return True
            return False


class Slot:
    """A place in the fleet: the clients of its load balancer go to the server that stands there."""

    def __init__(self, name: str, balancer: LinkBalancer):
        self.name, self.balancer = name, balancer
        self.server: ApplicationServer | None = None


class Client(threading.Thread):
    """Comes to a slot again and again. It ends with its first failure, which is kept."""

    def __init__(self, slot: Slot, context: ssl.SSLContext):
        super().__init__(name=f"client of {slot.name}")
        self.slot, self._context = slot, context
        self.served: Counter[str] = Counter()  # connections from beginning to end, by the server's stem
        self.last: ApplicationServer | None = None  # that served it
        self.failure: str | None = None
        self._ending = threading.Event()

    def run(self) -> None:
        while not self._ending.is_set() and not self.failure:
            server = self.slot.server
            try:
                connection = Connection(server.port, self._context)
                connection.exchange()
                connection.close()
            except Exception as error:  # whatever it is, a client saw it
                self.failure = f"{self.name} at {server.stem}: {error!r}"
            else:
                self.served[server.stem] += 1
                self.last = server

    def stop(self) -> None:
        self._ending.set()
        self.join()


class Load:
    """Context manager: a client of each TLS version for each slot."""

    def __init__(self, slots: list[Slot], ca_file: Path):
        self.clients = [Client(slot, client_context(ca_file, version))
                         for slot in slots for version in ("1.2", "1.3")]

    def __enter__(self) -> "Load":
        for client in self.clients:
            client.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        for client in self.clients:
            client.stop()

    def failures(self) -> list[str]:
        return [client.failure for client in self.clients if client.failure]

    def served(self, stem: str) -> int:
        return sum(client.served[stem] for client in self.clients)

    def served_in_all(self) -> int:
        return sum(client.served.total() for client in self.clients)

    def is_on(self, slot: Slot, server: ApplicationServer) -> bool:
        """Whether every client of the slot has been served by this server, and so has left the one before."""
        return all(client.last is server for client in self.clients if client.slot is slot)

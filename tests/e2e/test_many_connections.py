"""As many connections at once as the descriptors allow: all idle together, then each carries data to its end."""

import asyncio
import hashlib
import resource
import ssl

import pytest

from fleet import Fleet, ListeningBackend, Tenant
from step_client import client_context

NAME = "www.baton.test"
MOST_CONNECTIONS = 5000
SPARE_DESCRIPTORS = 200  # for everything else in the proxy and here
AT_ONCE = 64  # handshakes, or transfers
DATA_SIZE = 20_011
TIMEOUT = 120  # s, for all of one step


@pytest.fixture
def connection_count():
    """How many fit: each takes two descriptors in the proxy, and two here, as the client and the backend."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield min(MOST_CONNECTIONS, (hard - SPARE_DESCRIPTORS) // 2)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def data_of(number: int) -> bytes:
    """What this connection carries, and no other."""
    return hashlib.shake_128(number.to_bytes(4, "big")).digest(DATA_SIZE)


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()
    writer.close()
    await writer.wait_closed()


class Connection:
    """One client."""

    def __init__(self, number: int):
        self._number = number

    async def open(self, port: int, context: ssl.SSLContext) -> None:
        self._reader, self._writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=context, server_hostname=NAME)

    async def carry(self) -> None:
        """Data goes to the backend and back, all of it; then the client ends the connection."""
        sent = data_of(self._number)
        self._writer.write(sent)
        assert hashlib.sha256(await self._reader.readexactly(len(sent))).digest() == hashlib.sha256(sent).digest()
        self._writer.close()
        await self._writer.wait_closed()


async def all_of(steps: list) -> None:
    """Await all, some at once."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(step) -> None:
        async with turn:
            await step

    await asyncio.wait_for(asyncio.gather(*map(one, steps)), TIMEOUT)


async def run(fleet: Fleet, count: int) -> None:
    context = client_context(fleet.ca_file)
    connections = [Connection(number) for number in range(count)]
    async with await asyncio.start_server(echo, sock=fleet.backend.listening):
        await all_of([connection.open(fleet.port, context) for connection in connections])
        await asyncio.to_thread(fleet.proxy.wait_event, "established", count)
        assert fleet.proxy.events("closed") == fleet.proxy.events("handshake_failed") == []
        assert fleet.proxy.open_descriptors() > 2 * count
        await all_of([connection.carry() for connection in connections])
        await asyncio.to_thread(fleet.proxy.wait_event, "closed", count)


def test_many_connections(tmp_path, connection_count):
    assert connection_count >= 100, "the descriptor limit of this machine is too low"
    with Fleet(tmp_path, [Tenant([NAME])], backend=ListeningBackend(backlog=4096)) as fleet:
        descriptors = fleet.proxy.open_descriptors()
        asyncio.run(run(fleet, connection_count))
        closed = fleet.proxy.events("closed")
        assert len(closed) == connection_count
        assert {(event["bytes_in"], event["bytes_out"]) for event in closed} == {(DATA_SIZE, DATA_SIZE)}
        assert fleet.proxy.open_descriptors() == descriptors
        assert fleet.proxy.stop() == 0

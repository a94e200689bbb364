"""After thousands of bad clients, nothing of them is left in either program."""

from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice

import pytest

import bad_clients
import payload
from bad_clients import client_hello, leave
from fleet import Fleet, Program, Tenant, wait_until
from step_client import StepClient, client_context, connect, read_to_end

NAME = "www.baton.test"
THREADS = 8
CLIENTS_PER_BATCH = 2000
# What a batch may add once the pools of both programs are warm: about 1 KiB for each of its clients, for the
# allocator's disorder. A session, a socket's buffers or a handshake that stays takes several KiB to tens of KiB.
ALLOWED_GROWTH = 2 << 20

NO_TLS = [b"\x00\xff\x80garbage" * 50, b"GET / HTTP/1.1\r\n\r\n", client_hello("unknown.baton.test"),
          client_hello(NAME, client_context(version="1.1")), bytes([22, 3, 1, 255, 255])]
STEPS = [*bad_clients.STEPS_BEFORE_HANDSHAKE, bad_clients.finished, *bad_clients.STEPS_ESTABLISHED]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    with Fleet(tmp_path_factory.mktemp("fleet"), [Tenant([NAME], ["ecdsa", "rsa"])]) as fleet:
        yield fleet


def refused(fleet: Fleet, data: bytes) -> None:
    """Send something that is refused, and wait for the end."""
    with connect(fleet.port) as sock:
        sock.sendall(data)
        read_to_end(sock)


def leaving(fleet: Fleet, context, step, by_reset: bool) -> None:
    """Leave at this step."""
    with StepClient(fleet.port, NAME, context) as client:
        step(client)
        leave(client, by_reset)


def distrusting(fleet: Fleet, context) -> None:
    """Answer the certificate with an alert, and leave."""
    with StepClient(fleet.port, NAME, context) as client:
        client.socket.sendall(client.say_hello())


def kinds(fleet: Fleet) -> list[tuple]:
    """All kinds of bad clients, as calls."""
    calls = [(refused, fleet, data) for data in NO_TLS]
    for version in ("1.2", "1.3"):
        trusting = client_context(fleet.ca_file, version)
        calls.append((distrusting, fleet, client_context(version=version)))
        calls += [(leaving, fleet, trusting, step, by_reset) for step in STEPS for by_reset in (False, True)]
    return calls


def run_batch(fleet: Fleet, size: int = CLIENTS_PER_BATCH) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(*call) for call in islice(cycle(kinds(fleet)), size)]:
            done.result()


def settle(program: Program, descriptors: int) -> int:
    """Wait until it has that many descriptors again; its resident memory."""
    wait_until(lambda: program.open_descriptors() == descriptors, f"{program.name} has {descriptors} descriptors",
               lambda: f"it has {program.open_descriptors()}\n{program.describe()}")
    return program.resident_bytes()


def get(fleet: Fleet) -> None:
    with StepClient(fleet.port, NAME, client_context(fleet.ca_file)) as client:
        client.establish().send(bad_clients.REQUEST)
        client.read_until(b"\r\n\r\n")
        assert client.read_exactly(1000) == b"".join(payload.chunks(1000))
        client.socket.sendall(client.close_notify())
        assert client.read_all() == b""


def test_descriptors_and_memory_return(fleet):
    programs = (fleet.proxy, fleet.keystore)
    before = [program.open_descriptors() for program in programs]
    get(fleet)
    memory = []
    for _ in range(3):
        run_batch(fleet)
        memory.append([settle(program, count) for program, count in zip(programs, before)])
    for program, second, third in zip(programs, memory[1], memory[2]):
        assert third - second < ALLOWED_GROWTH, f"{program.name} grew: {memory}"
    get(fleet)


def test_every_session_has_ended(fleet):
    """Each connection has a last line in the proxy's log, and each handoff in the key store's."""
    run_batch(fleet, 200)
    proxy, keystore = fleet.proxy.events, fleet.keystore.events
    wait_until(lambda: len(proxy("established")) == len(proxy("closed")), "every connection is closed")
    handed_off = {event["trace"] for event in keystore("handshake_handed_off")}
    assert handed_off
    wait_until(lambda: handed_off <= {event["trace"] for kind in ("handshake_ended", "handshake_cancelled")
                                      for event in keystore(kind)}, "the outcome of every handoff is told")
    assert keystore("handshake_outcome_missing") == []
    assert fleet.proxy.stop() == 0
    assert fleet.keystore.stop() == 0
    for program in (fleet.proxy, fleet.keystore):
        assert program.events("stopped")

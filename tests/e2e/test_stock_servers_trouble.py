"""Stock servers whose key store dies, hangs, is slow or comes back, and that are reloaded meanwhile."""

import asyncio
import contextlib
import os
import signal
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bad_clients import REQUEST, client_hello
from clients import SClient, Target
from delaying_relay import DelayingRelay
from fleet import Fleet, Tenant, free_port, wait_until
from holding_relay import HoldingRelay
from link_client import SIGN
from offloaded_keys import OffloadedKeys
from process_memory import freeze
from step_client import StepClient, client_context, reset
from stock_servers import HELLO, Haproxy, Nginx, StockServer, hello_in_plaintext

NAME = "www.baton.test"
SIGNING = {"offload": ["signing"]}
SERVERS = {"nginx": Nginx, "haproxy": Haproxy,
           "haproxy_async": lambda fleet, keys: Haproxy(fleet, keys, asynchronous=True)}
VERSIONS = ("1.2", "1.3")
LONG = {"limits": {"signature_timeout": "5m"}}  # longer than a test waits
TOGETHER = 50

every_server = pytest.mark.parametrize("make", SERVERS.values(), ids=SERVERS.keys())


def fleet_with(directory: Path, key_type: str = "ecdsa", **settings: object) -> Fleet:
    return Fleet(directory, [Tenant([NAME], [key_type], dict(SIGNING))], identity_settings=SIGNING, **settings)


@contextlib.contextmanager
def serving(directory: Path, make: Callable[[Fleet, OffloadedKeys], StockServer], **settings: object
            ) -> Iterator[StockServer]:
    """A server with one process and one thread that serve, and its key store."""
    fleet = fleet_with(directory, **settings)
    with fleet.not_started():
        fleet.keystore.start().wait_event("started")
        with make(fleet, OffloadedKeys(fleet)) as server:
            yield server


def ask(client: StepClient) -> None:
    """A request and its answer on a connection that there is already."""
    client.send(REQUEST)
    client.read_until(b"\r\n\r\n")
    client.read_exactly(1000)


def connection(server: StockServer, version: str | None = None) -> StepClient:
    return StepClient(server.port, NAME, client_context(server.fleet.ca_file, version))


def get(server: StockServer, version: str | None = None) -> None:
    with connection(server, version) as client:
        ask(client.establish())


def is_refused(server: StockServer, version: str | None = None) -> None:
    with connection(server, version) as client, pytest.raises(ssl.SSLError, match="alert internal error"):
        client.establish()


def serves_again(server: StockServer) -> bool:
    try:
        get(server)
    except (ssl.SSLError, AssertionError):
        return False
    return True


# --- the key store is away ---

@every_server
def test_a_key_store_that_dies_and_comes_back(tmp_path, make):
    with serving(tmp_path, make, proxy_settings=LONG) as server, connection(server) as before:
        workers = server.workers()
        ask(before.establish())
        server.fleet.keystore.kill()
        for version in VERSIONS:
            is_refused(server, version)
            ask(before)
            assert hello_in_plaintext(server.plain_port) == HELLO
        server.fleet.keystore.start()
        wait_until(lambda: serves_again(server), "it serves again", server.describe)
        for version in VERSIONS:
            get(server, version)
        ask(before)
        assert server.workers() == workers


@every_server
def test_a_key_store_that_is_not_there_yet(tmp_path, make):
    fleet = fleet_with(tmp_path)
    with fleet.not_started(), make(fleet, OffloadedKeys(fleet)) as server:
        is_refused(server)
        fleet.keystore.start()
        wait_until(lambda: serves_again(server), "it serves", server.describe)


@every_server
def test_a_key_store_that_hangs(tmp_path, make):
    """The first handshake ends after its time, with an alert; then the link counts as silent."""
    settings = {"limits": {"signature_timeout": "1s"}}
    with serving(tmp_path, make, proxy_settings=settings) as server, connection(server) as before:
        workers = server.workers()
        ask(before.establish())
        freeze(server.fleet.keystore.pid)
        try:
            is_refused(server)
            ask(before)
            server.keys.program.wait_event("link_silent")
            for _ in range(5):
                is_refused(server)
            assert hello_in_plaintext(server.plain_port) == HELLO
        finally:
            os.kill(server.fleet.keystore.pid, signal.SIGCONT)
        wait_until(lambda: serves_again(server), "it serves again", server.describe)
        ask(before)
        assert server.workers() == workers
        asked = [event for event in server.fleet.keystore.events() if event["event"].startswith("signature_")]
        assert len(asked) < 2 + 5, "only those before and after, and the first one meanwhile"


@every_server
def test_another_key_store_is_asked(tmp_path, make):
    fleet = fleet_with(tmp_path)
    with fleet.not_started():
        second = f"127.0.0.1:{free_port()}"
        stores = [fleet.keystore, fleet.key_store("second", second)]
        for store in stores:
            store.start().wait_event("started")
        with make(fleet, OffloadedKeys(fleet, [fleet.link_address(), second])) as server:
            get(server)
            # Whichever link was there first.
            first, other = stores if stores[0].events("signature_signed") else reversed(stores)
            assert len(first.events("signature_signed")) == 1
            first.kill()
            get(server)
            assert other.wait_event("signature_signed")


@every_server
def test_two_keys_side_by_side(tmp_path, make):
    fleet = Fleet(tmp_path, [Tenant([NAME], ["ecdsa", "rsa"], dict(SIGNING))], identity_settings=SIGNING)
    with fleet.not_started():
        fleet.keystore.start().wait_event("started")
        with make(fleet, OffloadedKeys(fleet)) as server:
            to = Target(NAME, "127.0.0.1", server.port, fleet.ca_file, "1.3")
            # HAProxy does not know that PSS is RSA, and looks for PKCS#1.
            for offered in ("ecdsa_secp256r1_sha256", "rsa_pss_rsae_sha256:rsa_pkcs1_sha256"):
                with SClient(to, options=["-sigalgs", offered]) as client:
                    assert client.close() == 0
                fleet.keystore.wait_event("signature_signed", scheme=offered.split(":")[0])


# --- reloads ---

@contextlib.contextmanager
def clients_all_the_time(server: StockServer) -> Iterator[list[int]]:
    """Handshakes one after another, whose number is in the list; each has to succeed."""
    end, done, failures = threading.Event(), [0], []

    def run() -> None:
        try:
            while not end.is_set():
                get(server)
                done[0] += 1
        except BaseException as error:  # raised below, where it is seen
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield done
    finally:
        end.set()
        thread.join()
    if failures:
        raise failures[0]


@every_server
def test_reloads_that_no_client_notices(tmp_path, make):
    with serving(tmp_path, make) as server, clients_all_the_time(server) as done:
        for _ in range(3):
            old = server.workers()
            server.reload()
            served = done[0]
            wait_until(lambda: done[0] >= served + 10, "it goes on", server.describe)
            wait_until(lambda: not old & server.workers(), "the old workers end", server.describe)


@every_server
def test_a_connection_outlives_a_reload(tmp_path, make):
    with serving(tmp_path, make) as server, connection(server) as before:
        before.establish()
        old = server.workers()
        server.reload()
        get(server)
        assert old & server.workers(), "it waits for its client"
        ask(before)
        before.socket.close()
        wait_until(lambda: not old & server.workers(), "the old worker ends", server.describe)


@every_server
def test_a_reload_while_the_key_store_is_away(tmp_path, make):
    with serving(tmp_path, make) as server:
        get(server)
        server.fleet.keystore.kill()
        server.reload()
        assert hello_in_plaintext(server.plain_port) == HELLO
        is_refused(server)
        server.fleet.keystore.start()
        wait_until(lambda: serves_again(server), "it serves again", server.describe)


# --- many at once: OpenSSL's async jobs ---

@contextlib.contextmanager
def held(directory: Path) -> Iterator[tuple[StockServer, HoldingRelay]]:
    """HAProxy with one thread and async jobs, whose link goes through a relay that can hold the answers back."""
    # Where another user may go, too.
    with tempfile.TemporaryDirectory() as public:
        os.chmod(public, 0o755)
        fleet = fleet_with(directory, unix_link=True, proxy_settings=LONG)
        with fleet.not_started(), HoldingRelay(Path(public) / "relay.sock", directory / "link.sock") as relay:
            os.chmod(relay.listen, 0o777)
            fleet.keystore.start().wait_event("started")
            with Haproxy(fleet, OffloadedKeys(fleet, f"unix:{relay.listen}"), asynchronous=True) as server:
                yield server, relay


async def many_clients(server: StockServer, count: int, meanwhile: Callable[[], bool]) -> None:
    """Their handshakes all at once; `meanwhile` is called until it is true. Each gets its page."""
    async def client(context: ssl.SSLContext) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=context, server_hostname=NAME,
                                                       ssl_handshake_timeout=300)
        writer.write(REQUEST)
        await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(1000)
        writer.close()

    context = client_context(server.fleet.ca_file)
    running = [asyncio.create_task(client(context)) for _ in range(count)]
    while not meanwhile():
        await asyncio.sleep(0.02)
    await asyncio.gather(*running)


def test_many_signatures_are_away_at_once_and_the_thread_goes_on(tmp_path):
    """No answer comes before all have been asked for, so none waits for another one."""
    with held(tmp_path) as (server, relay), connection(server) as before:
        ask(before.establish())
        asked = relay.counts[SIGN]
        relay.hold()

        def all_asked() -> bool:
            if relay.counts[SIGN] < asked + TOGETHER:
                return False
            ask(before)
            assert hello_in_plaintext(server.plain_port) == HELLO
            relay.release()
            return True

        asyncio.run(many_clients(server, TOGETHER, all_asked))
        assert relay.counts[SIGN] == asked + TOGETHER


def test_over_a_slow_link_many_handshakes_finish_together(tmp_path):
    delay = 0.5  # s, each way
    fleet = fleet_with(tmp_path, proxy_settings=LONG)
    with fleet.not_started(), DelayingRelay(fleet.link_port, delay) as relay:
        fleet.keystore.start().wait_event("started")
        with Haproxy(fleet, OffloadedKeys(fleet, f"127.0.0.1:{relay.port}"), asynchronous=True) as server:
            get(server)
            started = time.monotonic()
            asyncio.run(many_clients(server, TOGETHER, lambda: True))
            # One after another they would take at least twice as long, on any machine.
            assert time.monotonic() - started < TOGETHER * 2 * delay / 2


def test_clients_that_leave_in_mid_signature_leave_nothing(tmp_path):
    with held(tmp_path) as (server, relay), connection(server) as before:
        ask(before.establish())
        worker, = server.workers()
        hello, each = client_hello(NAME), 40
        descriptors = []
        for _ in range(5):
            asked = relay.counts[SIGN]
            relay.hold()
            clients = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(each)]
            for client in clients:
                client.sendall(hello)
            wait_until(lambda: relay.counts[SIGN] == asked + each, "all have asked")
            for client in clients:
                reset(client)
            ask(before)
            relay.release()
            get(server)
            descriptors.append(open_descriptors(worker))
        wait_until(lambda: open_descriptors(worker) <= descriptors[0], f"nothing stays open: {descriptors}")
        assert server.workers() == {worker}


def open_descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))

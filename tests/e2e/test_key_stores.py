"""Several key stores: none of them is missed when it dies, freezes or is told to stop."""

import contextlib
import os
import random
import signal
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from bad_clients import REQUEST
from delaying_relay import DelayingRelay
from fleet import Fleet, Program, Tenant, free_port, wait_until
from process_memory import freeze
from step_client import StepClient, client_context

NAME = "www.baton.test"
DELAY = 0.02  # s, each way: so that each kill meets handshakes in flight
KILLS = 20
CLIENTS = 4


@dataclass
class Site:
    """A fleet with several key stores; `addresses` are what its proxy knows of them."""

    fleet: Fleet
    stores: list[Program]
    addresses: list[str]
    proxy: Program

    def answered_by(self, count: int) -> list[int]:
        """Which key stores have done the last handshakes."""
        self.proxy.wait_event("established", count=count)
        return [self.addresses.index(event["key_store"]) for event in self.proxy.events("established")[-count:]]

    def wait_up(self, store: int, count: int) -> None:
        self.proxy.wait_event("link_up", count=count, key_store=self.addresses[store])


@contextlib.contextmanager
def site(directory: Path, count: int, *, delay: float = 0, tiers: bool = False,
         link: dict[str, object] | None = None, **keystore_settings: object) -> Iterator[Site]:
    fleet = Fleet(directory, [Tenant([NAME])], ticket_keys=os.urandom(80), keystore_settings=keystore_settings,
                  proxy_settings={"link": link or {}})
    with contextlib.ExitStack() as stack:
        stack.enter_context(fleet.not_started())
        ports = [free_port() for _ in range(count)]
        stores = [fleet.key_store(f"keystore{i}", f"127.0.0.1:{port}") for i, port in enumerate(ports)]
        if delay:
            ports = [stack.enter_context(DelayingRelay(port, delay)).port for port in ports]
        addresses = [f"127.0.0.1:{port}" for port in ports]
        proxy = fleet.application_server(
            "proxy-of-many", fleet.port,
            [{"address": address, "tier": i if tiers else 0} for i, address in enumerate(addresses)])
        for store in stores:
            store.start().wait_event("started")
        one = Site(fleet, stores, addresses, proxy.start())
        for i in range(count):
            one.wait_up(i, 1)
        yield one


def exchange(client: StepClient) -> None:
    client.send(REQUEST)
    assert client.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 200 ")
    client.read_exactly(1000)


@dataclass
class Load:
    """Clients that connect over and over, one in two resuming. Context manager."""

    port: int
    context: ssl.SSLContext
    done: int = 0
    failures: list[str] = field(default_factory=list)

    def __enter__(self) -> "Load":
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(CLIENTS)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        session = None
        while not self._stop.is_set():
            try:
                session = self._connect(session)
                self.done += 1
            except (OSError, AssertionError) as error:
                self.failures.append(repr(error))

    def _connect(self, session: ssl.SSLSession | None) -> ssl.SSLSession | None:
        with socket.create_connection(("127.0.0.1", self.port), 30) as plain, \
                self.context.wrap_socket(plain, server_hostname=NAME, session=session) as tls:
            tls.sendall(REQUEST)
            assert tls.recv(1), "no response"
            return tls.session if session is None else None


def test_kill_one_of_three_under_load(tmp_path):
    """Not one TLS 1.3 handshake fails, whenever a key store is killed."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    with site(tmp_path, 3, delay=DELAY) as one:
        with Load(one.fleet.port, client_context(one.fleet.ca_file, "1.3")) as load:
            links = [1, 1, 1]
            for _ in range(KILLS):
                time.sleep(chance.uniform(0, 0.3))
                store = chance.randrange(3)
                one.stores[store].kill()
                time.sleep(chance.uniform(0, 0.2))
                one.stores[store].start()
                links[store] += 1
                one.wait_up(store, links[store])
        assert load.failures == []
        assert load.done > 5 * KILLS
        assert one.proxy.events("handshake_failed") == []
        # Else it has shown nothing.
        assert len(one.proxy.events("attempt_failed")) >= KILLS / 4
        assert one.proxy.events("established", resumed=True)
        assert set(one.answered_by(load.done)) == {0, 1, 2}


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_stop_one_of_two_under_load(tmp_path, version):
    """A key store that is told to stop finishes what it has, and loses nothing that is on its way to it."""
    with site(tmp_path, 2, delay=DELAY) as one:
        with Load(one.fleet.port, client_context(one.fleet.ca_file, version)) as load:
            for round_number, store in enumerate([0, 1, 0, 1], 1):
                time.sleep(0.3)
                assert one.stores[store].stop() == 0
                one.stores[store].start()
                one.wait_up(store, (round_number + 1) // 2 + 1)
        assert load.failures == []
        assert load.done > 20
        assert one.proxy.events("handshake_failed") == []


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_first_question_is_asked_again_elsewhere(tmp_path, version):
    with site(tmp_path, 2, tiers=True, link={"answer_timeout": "1m"}) as one, \
            StepClient(one.fleet.port, NAME, client_context(one.fleet.ca_file, version)) as client:
        freeze(one.stores[0].pid)
        client.socket.sendall(client.flight())
        time.sleep(0.2)
        one.stores[0].kill()  # while it is frozen, so that it has never answered
        client.socket.sendall(client.answer())
        client.finish()
        exchange(client)
        assert one.answered_by(1) == [1]


def test_hello_retry_request_is_not_the_end_of_a_handshake(tmp_path):
    """The second key store repeats what the first one said, and goes on."""
    with site(tmp_path, 2, tiers=True, groups=["P-384"]) as one, \
            StepClient(one.fleet.port, NAME, client_context(one.fleet.ca_file, "1.3")) as client:
        second_hello = client.say_hello()
        one.stores[0].kill()
        one.proxy.wait_event("link_down")
        client.socket.sendall(second_hello)
        client.socket.sendall(client.answer())
        client.finish()
        exchange(client)
        assert one.answered_by(1) == [1]


def test_frozen_key_store_is_given_up(tmp_path):
    with site(tmp_path, 2, tiers=True, link={"answer_timeout": "100ms"}) as one:
        def get() -> None:
            with StepClient(one.fleet.port, NAME, client_context(one.fleet.ca_file, "1.3")) as client:
                exchange(client.establish())

        def attempts() -> int:
            return len(one.proxy.events("attempt_failed", reason="no answer in time", key_store=one.addresses[0]))

        freeze(one.stores[0].pid)
        wait_until(lambda: get() or one.proxy.events("link_silent"), "it is given up")
        assert set(one.answered_by(len(one.proxy.events("established")))) == {1}
        before = attempts()
        assert before > 0
        for _ in range(3):
            get()
        assert attempts() == before
        one.stores[0].process.send_signal(signal.SIGCONT)
        wait_until(lambda: get() or one.answered_by(1) == [0], "it is asked again")


def test_nearest_tier_serves_while_it_is_there(tmp_path):
    with site(tmp_path, 2, tiers=True) as one:
        context = client_context(one.fleet.ca_file, "1.3")
        for expected in (0, 1, 0):
            for _ in range(3):
                with StepClient(one.fleet.port, NAME, context) as client:
                    exchange(client.establish())
            assert one.answered_by(3) == [expected] * 3
            if expected == 0:
                one.stores[0].kill()
                one.proxy.wait_event("link_down", key_store=one.addresses[0])
            else:
                one.stores[0].start()
                one.wait_up(0, 2)


def test_hedging_asks_a_second_one(tmp_path):
    """The one that has served until now does not answer any more."""
    with site(tmp_path, 2, link={"hedge": True}) as one:
        context = client_context(one.fleet.ca_file, "1.3")
        for _ in range(40):
            with StepClient(one.fleet.port, NAME, context) as client:
                exchange(client.establish())
        [frozen] = one.answered_by(1)
        freeze(one.stores[frozen].pid)
        for _ in range(3):  # as many as one in ten allows
            with StepClient(one.fleet.port, NAME, context) as client:
                exchange(client.establish())
        assert frozen not in one.answered_by(3)
        one.stores[frozen].process.send_signal(signal.SIGCONT)
        one.stores[frozen].wait_event("handshake_cancelled", reason="answered_elsewhere")

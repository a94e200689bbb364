"""The proxy does the handshakes, with keys that only the key store has."""

import asyncio
import contextlib
import os
import resource
import signal
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from bad_clients import REQUEST, client_hello
from fleet import Fleet, Tenant, wait_until
from holding_relay import HoldingRelay
from link_client import CANCEL, SIGN
from process_memory import freeze
from step_client import StepClient, client_context, reset

NAME = "www.baton.test"
SIGNING = {"offload": ["signing"]}
MANY = 1000


@pytest.fixture(autouse=True)
def descriptors() -> None:
    """Enough for all clients and their backends, here and in the programs that are started."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def fleet_with(directory: Path, key_types: list[str] = ["ecdsa"], *, tenant: dict[str, object] = SIGNING,
               **settings: object) -> Fleet:
    return Fleet(directory, [Tenant([NAME], key_types, dict(tenant))], unix_link=True, local_handshakes=True,
                 identity_settings={"offload": ["signing"]}, **settings)


def get(fleet: Fleet, version: str | None = None, session: ssl.SSLSession | None = None,
        context: ssl.SSLContext | None = None) -> ssl.SSLSession:
    context = context or client_context(fleet.ca_file, version)
    with StepClient(fleet.port, NAME, context, session) as client:
        client.establish().send(REQUEST)
        client.read_until(b"\r\n\r\n")
        client.read_exactly(1000)
        client.socket.sendall(client.close_notify())
        return client.tls.session


@pytest.mark.parametrize("key_type", ["ecdsa", "rsa", "ed25519"])
@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_handshake_with_a_key_that_is_elsewhere(tmp_path, key_type, version):
    with fleet_with(tmp_path, [key_type]) as fleet:
        get(fleet, version)
        event = fleet.proxy.wait_event("established")
        assert event["local"] and event["version"] == f"TLSv{version}"
        signed = fleet.keystore.wait_event("signature_signed")
        assert signed["trace"] == event["trace"]
        assert signed["kind"] == f"tls{version.replace('.', '')}-server"
        assert signed["client"].startswith("127.0.0.1:")
        assert not fleet.keystore.events("handshake_handed_off")


def test_a_resumption_asks_nobody(tmp_path):
    with fleet_with(tmp_path) as fleet:
        context = client_context(fleet.ca_file)
        session = get(fleet, context=context)
        get(fleet, session=session, context=context)
        assert fleet.proxy.wait_event("established", count=2)["resumed"]
        assert len(fleet.keystore.events("signature_signed")) == 1


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_resumption_needs_no_key_store(tmp_path, version):
    """So it does not end with the application server's identity, either (docs/choosing.md)."""
    with fleet_with(tmp_path) as fleet:
        context = client_context(fleet.ca_file, version)
        session = get(fleet, context=context)
        fleet.keystore.kill()
        fleet.proxy.wait_event("link_down")
        get(fleet, session=session, context=context)
        assert fleet.proxy.wait_event("established", count=2)["resumed"]


@contextlib.contextmanager
def held(directory: Path, **settings: object) -> Iterator[tuple[Fleet, HoldingRelay]]:
    """A fleet whose link goes through a relay that can hold the answers back."""
    fleet = fleet_with(directory, **settings)
    with fleet.not_started(), HoldingRelay(directory / "relay.sock", directory / "link.sock") as relay:
        fleet.keystore.start().wait_event("started")
        fleet.proxy = fleet.application_server("proxy-behind", fleet.port, f"unix:{directory}/relay.sock")
        fleet.proxy.start().wait_event("link_up")
        yield fleet, relay


def test_a_thousand_signatures_are_away_at_once(tmp_path):
    """No answer comes before all have been asked for, so none waits for another one."""
    with held(tmp_path) as (fleet, relay):
        relay.hold()

        async def client(context: ssl.SSLContext) -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", fleet.port, ssl=context,
                                                           server_hostname=NAME, ssl_handshake_timeout=300)
            writer.write(REQUEST)
            await reader.readuntil(b"\r\n\r\n")
            writer.close()

        async def all_clients() -> None:
            context = client_context(fleet.ca_file)
            running = [asyncio.create_task(client(context)) for _ in range(MANY)]
            while relay.counts[SIGN] < MANY:
                await asyncio.sleep(0.02)
            relay.release()
            await asyncio.gather(*running)

        asyncio.run(all_clients())
        fleet.proxy.wait_event("established", count=MANY)
        assert relay.counts[SIGN] == MANY


def test_clients_that_leave_in_mid_signature_leave_nothing(tmp_path):
    with held(tmp_path) as (fleet, relay):
        get(fleet)
        hello = client_hello(NAME)
        relay.hold()
        rounds, each = 20, 150
        sizes = []
        for number in range(1, rounds + 1):
            asked = relay.counts[SIGN]
            clients = [socket.create_connection(("127.0.0.1", fleet.port)) for _ in range(each)]
            for client in clients:
                client.sendall(hello)
            wait_until(lambda: relay.counts[SIGN] == asked + each, "all have asked")
            for client in clients:
                reset(client)
            wait_until(lambda: relay.counts[CANCEL] == number * each, "all were cancelled")
            sizes.append(fleet.proxy.resident_bytes())
        descriptors = fleet.proxy.open_descriptors()
        relay.release()
        get(fleet)
        wait_until(lambda: fleet.proxy.open_descriptors() <= descriptors, "nothing stays open")
        assert len(fleet.proxy.events("handshake_failed", reason="client_gone")) == rounds * each
        # What the first rounds have needed serves the others.
        assert sizes[-1] - sizes[rounds // 2] < 2_000_000, sizes


def test_a_client_that_ends_its_stream_is_gone(tmp_path):
    with held(tmp_path) as (fleet, relay):
        relay.hold()
        with socket.create_connection(("127.0.0.1", fleet.port)) as client:
            client.sendall(client_hello(NAME))
            wait_until(lambda: relay.counts[SIGN] == 1, "it has asked")
            client.shutdown(socket.SHUT_WR)
            fleet.proxy.wait_event("handshake_failed", reason="client_gone")
            wait_until(lambda: relay.counts[CANCEL] == 1, "it was cancelled")


def test_a_deadline_ends_what_waits(tmp_path):
    with held(tmp_path, proxy_settings={"limits": {"handshake_timeout": "1s"}}) as (fleet, relay):
        relay.hold()
        with socket.create_connection(("127.0.0.1", fleet.port)) as client:
            client.sendall(client_hello(NAME))
            fleet.proxy.wait_event("handshake_failed", reason="timeout")
        wait_until(lambda: relay.counts[CANCEL] == 1, "it was cancelled")


# --- several key stores ---

@contextlib.contextmanager
def two_key_stores(directory: Path) -> Iterator[tuple[Fleet, list]]:
    """The second one is asked only where the first one cannot."""
    fleet = fleet_with(directory, proxy_settings={"link": {"answer_timeout": "300ms"}})
    with fleet.not_started():
        addresses = [f"unix:{directory}/store{i}.sock" for i in range(2)]
        stores = [fleet.key_store(f"store{i}", address).start() for i, address in enumerate(addresses)]
        for store in stores:
            store.wait_event("started")
        fleet.proxy = fleet.application_server("proxy-of-two", fleet.port,
                                               [{"address": address, "tier": i} for i, address in enumerate(addresses)])
        fleet.proxy.start().wait_event("link_up", count=2)
        yield fleet, stores


def test_a_key_store_that_dies_is_not_missed(tmp_path):
    with two_key_stores(tmp_path) as (fleet, stores):
        get(fleet)
        assert stores[0].wait_event("signature_signed")
        stores[0].kill()
        get(fleet)
        assert stores[1].wait_event("signature_signed")


def test_a_key_store_that_does_not_answer_is_not_waited_for(tmp_path):
    with two_key_stores(tmp_path) as (fleet, stores):
        freeze(stores[0].pid)
        get(fleet)
        assert stores[1].wait_event("signature_signed")
        fleet.proxy.wait_event("attempt_failed", reason="no answer in time")
        os.kill(stores[0].pid, signal.SIGCONT)


# --- refused ---

def is_refused(fleet: Fleet, reason: str) -> dict:
    with StepClient(fleet.port, NAME, client_context(fleet.ca_file)) as client:
        with pytest.raises((ssl.SSLError, ConnectionError, AssertionError)) as error:
            client.establish()
        event = fleet.proxy.wait_event("handshake_failed", client=f"127.0.0.1:{client.local_port}")
        assert event["reason"] == reason, (event, error)
        assert event["alert"] == "internal_error"
        return event


def test_a_tenant_that_does_not_offer_signing(tmp_path):
    with fleet_with(tmp_path, tenant={"offload": ["serialization"]}) as fleet:
        is_refused(fleet, "signature_key_refused")
        event = fleet.keystore.wait_event("signature_refused", reason="key_refused")
        assert 'has no "signing" in tenant.offload' in event["detail"]


def test_the_rate_of_an_application_server(tmp_path):
    fleet = Fleet(tmp_path, [Tenant([NAME], settings=dict(SIGNING))], unix_link=True, local_handshakes=True,
                  identity_settings={"offload": ["signing"], "signing_rate": "2/h"})
    with fleet:
        get(fleet)
        get(fleet)
        is_refused(fleet, "signature_rate_limited")


def test_without_a_key_store(tmp_path):
    with fleet_with(tmp_path) as fleet:
        fleet.keystore.kill()
        fleet.proxy.wait_event("link_down")
        is_refused(fleet, "signature_link_lost")
        fleet.keystore.start()
        fleet.proxy.wait_event("link_up", count=2)
        get(fleet)

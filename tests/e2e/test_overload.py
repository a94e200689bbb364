"""Overload: refused at once and with a reason, and nobody else's loss."""

import contextlib
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from bad_clients import client_hello
from fleet import Fleet, Tenant, free_port, wait_until
from step_client import (ALERTS, HANDSHAKE_RECORD, StepClient, client_context, plaintext_alerts, read_to_end, records,
                         reset)

NAME = "www.baton.test"
REFUSED = [ALERTS["internal_error"]]
HERE, ELSEWHERE = "127.0.0.1", "127.0.0.2"


def connect_from(source: str, port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), 30, source_address=(source, 0))


def is_served(port: int, source: str = HERE) -> bool:
    """Whether the server's flight comes; otherwise the alert does, and the end."""
    with connect_from(source, port) as client:
        client.sendall(client_hello(NAME))
        first = client.recv(1 << 16)
        if records(first)[0][0] == HANDSHAKE_RECORD:
            return True
        assert plaintext_alerts(first + read_to_end(client)) == REFUSED
        return False


def is_reset(port: int) -> bool:
    """Perhaps before the connection is there for the client."""
    try:
        with connect_from(HERE, port) as client:
            client.sendall(client_hello(NAME))
            client.recv(1)
        return False
    except (ConnectionResetError, BrokenPipeError):
        return True


@contextlib.contextmanager
def fleet_with(directory: Path, **settings: object):
    with Fleet(directory, [Tenant([NAME])], **settings) as fleet:
        yield fleet
        assert fleet.proxy.stop() == 0
        assert fleet.keystore.stop() == 0


def counters(program) -> dict:
    program.stop()
    return program.events("counters")[-1]


def test_rate_of_a_client_at_the_proxy(tmp_path):
    with fleet_with(tmp_path, proxy_settings={"limits": {"client_rate": "5/h"}}) as fleet:
        assert [is_served(fleet.port) for _ in range(7)] == 5 * [True] + 2 * [False]
        assert is_served(fleet.port, ELSEWHERE)
        event = fleet.proxy.wait_event("client_refused", count=2)
        assert event["client"].startswith(HERE)
        assert "limits.client_rate" in event["reason"]
        assert counters(fleet.proxy)["refused_client_rate"] == 2
        assert len(fleet.keystore.events("handshake_handed_off")) == 6


def test_refused_before_a_byte_is_read(tmp_path):
    with fleet_with(tmp_path, proxy_settings={"limits": {"client_rate": "1/h"}}) as fleet:
        assert is_served(fleet.port)
        with connect_from(HERE, fleet.port) as silent:
            assert plaintext_alerts(read_to_end(silent)) == REFUSED


def test_refusal_by_reset(tmp_path):
    with fleet_with(tmp_path, proxy_settings={"limits": {"client_rate": "1/h", "refusal": "reset"}}) as fleet:
        assert is_served(fleet.port)
        assert is_reset(fleet.port)


def check_rate_at_the_key_store(fleet: Fleet, count: int, text: str) -> None:
    """`count` are served; the next is refused by the key store, and its reason is told on both sides."""
    assert [is_served(fleet.port) for _ in range(count + 1)] == count * [True] + [False]
    event = fleet.proxy.wait_event("handshake_failed", reason="rate_limited")
    assert (event["alert"], text in event["detail"]) == ("internal_error", True)
    failed = fleet.keystore.wait_event("handshake_failed", trace=event["trace"])
    assert (failed["reason"], text in failed["detail"]) == ("rate_limited", True)
    assert fleet.proxy.events("attempt_failed") == []  # no other key store is asked
    assert counters(fleet.keystore)["handshake_failed_rate_limited"] == 1


def test_rate_of_a_client_at_the_key_store(tmp_path):
    with fleet_with(tmp_path, keystore_settings={"limits": {"client_rate": "3/h"}}) as fleet:
        other = fleet.application_server("other", port := free_port(), fleet.link_address())
        other.start().wait_event("link_up")
        assert is_served(port)  # through whichever proxy it comes
        assert is_served(port, ELSEWHERE)
        check_rate_at_the_key_store(fleet, 2, "limits.client_rate")
        other.kill()


def test_rate_of_an_application_server(tmp_path):
    with fleet_with(tmp_path, identity_settings={"rate": "3/h"}) as fleet:
        check_rate_at_the_key_store(fleet, 3, "application_server.rate")


@pytest.mark.parametrize("refusal", ["alert", "reset"])
def test_rate_of_the_key_store_refused_as_the_proxy_says(tmp_path, refusal):
    with fleet_with(tmp_path, identity_settings={"rate": "1/h"},
                    proxy_settings={"limits": {"refusal": refusal}}) as fleet:
        assert is_served(fleet.port)
        assert is_reset(fleet.port) if refusal == "reset" else not is_served(fleet.port)


def half_begun(port: int) -> socket.socket:
    client = connect_from(HERE, port)
    client.sendall(client_hello(NAME)[:50])
    return client


def test_handshakes_under_way_at_the_proxy(tmp_path):
    """Those that have sent nothing yet do not count; those that leave make room, here and at the key store."""
    with fleet_with(tmp_path, proxy_settings={"limits": {"max_handshakes": 3}}) as fleet, contextlib.ExitStack() as open_:
        for _ in range(10):
            open_.enter_context(connect_from(HERE, fleet.port))
        begun = [open_.enter_context(half_begun(fleet.port)) for _ in range(3)]
        wait_until(lambda: not is_served(fleet.port), "the fourth is refused")
        event = fleet.proxy.wait_event("handshake_failed", reason="overloaded")
        assert "limits.max_handshakes" in event["detail"]
        reset(begun[0])
        fleet.keystore.wait_event("handshake_cancelled", reason="client_gone")
        wait_until(lambda: is_served(fleet.port), "there is room again")


def test_handshakes_under_way_at_the_key_store(tmp_path):
    """What waits for its client's Finished was handed off, and takes no room."""
    with fleet_with(tmp_path, keystore_settings={"limits": {"max_handshakes": 4}}) as fleet, \
            contextlib.ExitStack() as open_:
        for _ in range(8):
            waiting = open_.enter_context(StepClient(fleet.port, NAME, client_context(fleet.ca_file, "1.3")))
            waiting.say_hello()
        begun = [open_.enter_context(half_begun(fleet.port)) for _ in range(4)]
        wait_until(lambda: not is_served(fleet.port), "the fifth is refused")
        event = fleet.proxy.wait_event("handshake_failed", reason="overloaded")
        assert "limits.max_handshakes" in event["detail"]
        reset(begun[0])
        wait_until(lambda: is_served(fleet.port), "there is room again")


def test_another_key_store_is_asked_by_whom_one_has_no_room_for(tmp_path):
    fleet = Fleet(tmp_path, [Tenant([NAME])], keystore_settings={"limits": {"max_handshakes": 1}})
    ports = [free_port(), free_port()]
    with fleet.not_started():
        stores = [fleet.key_store(f"keystore{i}", f"127.0.0.1:{port}").start() for i, port in enumerate(ports)]
        proxies = [fleet.application_server("filling", free_port(), f"127.0.0.1:{ports[0]}"),
                   fleet.application_server("asking", port := free_port(), [
                       {"address": f"127.0.0.1:{one}", "tier": tier} for tier, one in enumerate(ports)])]
        proxies[0].start().wait_event("link_up")
        proxies[1].start().wait_event("link_up", count=2)
        filling = int(proxies[0].config.read_text().split('listen = ["127.0.0.1:')[1].split('"')[0])
        with half_begun(filling):
            wait_until(lambda: is_served(port) and proxies[1].events("attempt_failed"), "the first one is full")
            assert "overloaded" in proxies[1].events("attempt_failed")[0]["reason"]
        assert [program.stop() for program in (*proxies, *stores)] == [0, 0, 0, 0]


def test_slow_signatures_are_queued_up_to_a_limit(tmp_path):
    """Every client is served or told at once; nobody waits for a worker that is far away."""
    fleet = Fleet(tmp_path, [Tenant([NAME], ["rsa"])],
                  keystore_settings={"workers": 1, "limits": {"worker_queue": 1}})
    with fleet:
        with ThreadPoolExecutor(24) as clients:
            served = list(clients.map(lambda _: is_served(fleet.port), range(480)))
        assert 0 < served.count(True) < 480
        assert fleet.proxy.stop() == 0
        told = counters(fleet.keystore)
        assert told["worker_queue_full"] == served.count(False) == told["handshake_failed_overloaded"]
        # A flood does not fill the log.
        logged = fleet.keystore.events("handshake_failed", reason="overloaded")
        left_out = sum(event["count"] for event in fleet.keystore.events("events_left_out"))
        assert len(logged) + left_out <= told["worker_queue_full"]
        assert logged


def test_a_client_that_leaves_cancels_its_signature(tmp_path):
    with fleet_with(tmp_path) as fleet:
        with connect_from(HERE, fleet.port) as client:
            client.sendall(client_hello(NAME)[:-1])
            reset(client)
        assert fleet.keystore.wait_event("handshake_cancelled")["reason"] == "client_gone"


def test_strangers_on_the_link_keep_no_application_server_out(tmp_path):
    """Those who do not say who they are hold a part of the places, and of one address a quarter of that."""
    fleet = Fleet(tmp_path, [Tenant([NAME])], keystore_settings={"limits": {"max_links": 16}})
    with fleet.not_started(), contextlib.ExitStack() as open_:
        fleet.keystore.start().wait_event("started")
        for _ in range(40):  # the first four may wait, the others are reset at once
            with contextlib.suppress(ConnectionResetError):
                open_.enter_context(connect_from(ELSEWHERE, fleet.link_port))
        fleet.proxy.start().wait_event("link_up")
        assert is_served(fleet.port)
        assert fleet.proxy.stop() == 0
        assert counters(fleet.keystore)["links_refused_newcomers"] >= 36


def test_more_links_than_there_are_places(tmp_path):
    fleet = Fleet(tmp_path, [Tenant([NAME])], keystore_settings={"limits": {"max_links": 1}})
    with fleet:
        other = fleet.application_server("other", free_port(), fleet.link_address())
        other.start()
        refused = fleet.keystore.wait_event("link_refused")
        assert "limits.max_links" in refused["reason"]
        assert "limits.max_links" in other.wait_event("link_down")["reason"]
        assert is_served(fleet.port)
        fleet.proxy.stop()
        other.wait_event("link_up")
        other.kill()
        assert fleet.keystore.stop() == 0

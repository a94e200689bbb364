"""A new serialization version goes out to a fleet, and comes back, and no client notices.

The new build is baton-keystore-next and baton-proxy-next: the same programs with a version 2 that exists for tests
only (tests/next_format). docs/deploying-versions.md describes the steps that are played here.
"""

import contextlib
import ssl
import subprocess
from collections import Counter

import pytest

import rollout
from fleet import BIN, Fleet, Program, Tenant, free_port, wait_until
from rollout import ApplicationServer, LinkBalancer, Load, Network, Slot
from step_client import client_context
from test_bad_link import (CLIENT_BYTES, HANDOFF, LINK_ERRORS, SERVER_BYTES, fake_application_server, frame, frames,
                           hello, open_frame, read_to_link_error)

LEAST_SERVED = 20  # clients in each mixture, from their first byte to their last

OLD, NEW = "", "-next"  # what the names of the programs end with
READS = {OLD: 1, NEW: 2}
OLD_1, NEW_1, NEW_2 = (OLD, 1), (NEW, 1), (NEW, 2)  # builds of a key store, and what each is configured to write
WRITTEN = {
    # (application server, key store): the version that a connection is handed over in
    (OLD, OLD_1): 1, (OLD, NEW_1): 1, (OLD, NEW_2): 1,
    (NEW, OLD_1): 1, (NEW, NEW_1): 1, (NEW, NEW_2): 2,
}
UNWANTED = ("handshake_failed", "handshake_cancelled", "handshake_link_lost", "handshake_outcome_missing",
            "link_refused", "link_protocol_error", "link_error_received", "link_failed")


class KeyStore:
    """One process, and the mixtures that it was seen in."""

    def __init__(self, program: Program, port: int, kind: tuple[str, int]):
        self.program, self.port, self.kind = program, port, kind
        self.mixtures: list[ApplicationServer] = []

    def start(self) -> "KeyStore":
        assert self.program.start().wait_event("started")["serialization_version"] == self.kind[1]
        return self


class Rollout:
    """A fleet with two places for application servers, whose processes are replaced one by one."""

    def __init__(self, fleet: Fleet):
        self.fleet = fleet
        self.context = client_context(fleet.ca_file)
        self.store = self.new_store(OLD_1)
        self.slots = [Slot(name, LinkBalancer(fleet.backend, self.store.port)) for name in "ab"]
        self.servers: list[ApplicationServer] = []
        self.stores = [self.store]
        self.seen: set[tuple[str, tuple[str, int]]] = set()
        for slot in self.slots:
            slot.server = self.new_server(slot, OLD)
        self.load = Load(self.slots, fleet.ca_file)

    def new_store(self, kind: tuple[str, int]) -> KeyStore:
        build, version = kind
        port = free_port()
        stem = f"keystore{build}-writes-{version}-{port}"
        return KeyStore(self.fleet.key_store(stem, f"127.0.0.1:{port}", f"baton-keystore{build}",
                                             serialization_version=version), port, kind).start()

    def new_server(self, slot: Slot, build: str) -> ApplicationServer:
        port = free_port()
        stem = f"{slot.name}{build}-{port}"
        program = self.fleet.application_server(stem, port, f"127.0.0.1:{slot.balancer.port}",
                                                build=f"baton-proxy{build}", listener=stem)
        self.servers.append(ApplicationServer(program, stem, build, port).start(self.context))
        return self.servers[-1]

    def wait(self, condition, what: str) -> None:
        """Until it holds, and nothing fails meanwhile."""
        def met() -> bool:
            assert not self.load.failures(), self.load.failures()
            return condition()
        wait_until(met, what)

    def replace_store(self, kind: tuple[str, int]) -> None:
        """One application server after the other goes to the new key store, so that for a time both serve."""
        old, self.store = self.store, self.new_store(kind)
        self.stores.append(self.store)
        for number, slot in enumerate(self.slots):
            slot.balancer.target = self.store.port
            self.wait(slot.balancer.has_moved, f"the links of {slot.name} move to {self.store.program.log.stem}")
            self.check_mixture(slot, self.store)
            for other in self.slots[number + 1:]:
                self.check_mixture(other, old)
        assert old.program.stop() == 0
        self.check_store(old)

    def stop_store_with_links(self) -> None:
        """Its application servers go to the next one at once, in the middle of their handshakes."""
        old, self.store = self.store, self.new_store(OLD_1)
        self.stores.append(self.store)
        for slot in self.slots:
            slot.balancer.target = self.store.port
        assert old.program.stop() == 0
        self.serve_some()

    def serve_some(self) -> None:
        for slot in self.slots:
            goal = self.load.served(slot.server.stem) + LEAST_SERVED
            self.wait(lambda: self.load.served(slot.server.stem) >= goal, f"{goal} clients served at {slot.name}")

    def replace_server(self, slot: Slot, build: str) -> None:
        """What its clients have running there goes on, and ends, while the old one drains."""
        old, slot.server = slot.server, self.new_server(slot, build)
        self.wait(lambda: self.load.is_on(slot, slot.server), f"the clients of {slot.name} go to {slot.server.stem}")
        self.check_mixture(slot, self.store)
        old.staying.exchange()
        self.end_server(old)

    def end_server(self, server: ApplicationServer) -> None:
        server.program.process.terminate()
        self.wait(lambda: not server.listens(), f"{server.stem} takes no more clients")
        server.staying.exchange()
        server.staying.close()
        assert server.program.process.wait(20) == 0
        self.check_server(server)

    def check_mixture(self, slot: Slot, store: KeyStore) -> None:
        """Enough clients are served by this application server with this key store, in the right version."""
        server = slot.server
        mixture = (server.build, store.kind)
        links, served = len(server.program.events("link_first_handoff")), self.load.served(server.stem)
        # Links live for a second only, so there will be another, and its first handoff tells its version.
        server.program.wait_event("link_first_handoff", links + 1)
        # The first one of each client may have begun before.
        least = served + LEAST_SERVED + len(self.load.clients)
        self.wait(lambda: self.load.served(server.stem) >= least, f"clients are served by {mixture}")
        handoffs = server.program.events("link_first_handoff")[links:]
        assert {one["serialization_version"] for one in handoffs} == {WRITTEN[mixture]}, mixture
        self.seen.add(mixture)
        store.mixtures.append(server)
        for one in self.slots:
            one.server.staying.exchange()

    def check_store(self, store: KeyStore) -> None:
        """What the whole log of a key store says that has ended."""
        expected = {(READS[server.build], WRITTEN[server.build, store.kind]) for server in store.mixtures}
        links = store.program.events("link_up")
        assert {(one["reads_serialization_version"], one["serialization_version"]) for one in links} == expected
        served = Counter(one["listener"] for one in store.program.events("handshake_ended", reason="established"))
        assert min(served[server.stem] for server in store.mixtures) >= LEAST_SERVED
        assert unwanted(store.program) == []

    def check_server(self, server: ApplicationServer) -> None:
        """What the whole log of an application server says that has ended."""
        established = len(server.program.events("established"))
        assert established == self.load.served(server.stem) + 1  # which stayed
        closed = Counter(one["reason"] for one in server.program.events("closed"))
        assert closed == {"closed": established}
        assert unwanted(server.program) == []


def unwanted(program: Program) -> list[dict]:
    return [event for name in UNWANTED for event in program.events(name)]


def roll_out(fleet: Rollout) -> None:
    """To version 2, read everywhere before it is written anywhere."""
    a, b = fleet.slots
    for slot in fleet.slots:
        fleet.check_mixture(slot, fleet.store)
    fleet.replace_server(a, NEW)
    fleet.replace_store(NEW_1)
    fleet.replace_store(NEW_2)  # more than needs to work: b does not read version 2 yet
    fleet.replace_server(b, NEW)  # with the old one ends a connection that has stayed since before the rollout


def roll_back(fleet: Rollout) -> None:
    """Step by step the same way back."""
    a, b = fleet.slots
    fleet.replace_server(b, OLD)
    fleet.replace_store(NEW_1)
    fleet.replace_store(OLD_1)
    fleet.replace_server(a, OLD)


def test_no_client_notices_a_rollout_or_a_rollback(tmp_path):
    fleet = Fleet(tmp_path, [Tenant([rollout.NAME])], backend=Network(),
                  proxy_settings={"link": {"lifetime": "1s"}})
    with fleet.not_started():
        played = Rollout(fleet)
        with played.load:
            roll_out(played)
            roll_back(played)
        assert played.load.failures() == []
        for slot in played.slots:
            played.end_server(slot.server)
        assert played.store.program.stop() == 0
        played.check_store(played.store)
    assert played.seen == set(WRITTEN)
    established = sum(len(store.program.events("handshake_ended", reason="established")) for store in played.stores)
    assert established == played.load.served_in_all() + len(played.servers)


def test_no_client_notices_that_a_key_store_with_links_is_stopped(tmp_path):
    fleet = Fleet(tmp_path, [Tenant([rollout.NAME])], backend=Network())
    with fleet.not_started():
        played = Rollout(fleet)
        with played.load:
            played.serve_some()
            for _ in range(4):
                played.stop_store_with_links()
        assert played.load.failures() == []


# --- the bytes on a link ---

def serialized_by(link: ssl.SSLSocket, reads: int) -> bytes:
    """What a key store hands over to an application server that reads so much."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = client_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    client = context.wrap_bio(incoming, outgoing, server_hostname=rollout.NAME)

    def flight() -> bytes:
        with contextlib.suppress(ssl.SSLWantReadError):
            client.do_handshake()
        return outgoing.read()

    link.sendall(hello(reads=reads) + open_frame(1, flight()))
    stream, taken = b"", 0
    while True:
        data = link.recv(1 << 16)
        assert data, "the key store ended the link"
        stream += data
        for kind, body in frames(stream)[taken:]:
            taken += 1
            if kind == SERVER_BYTES:
                incoming.write(body[8:])
                link.sendall(frame(CLIENT_BYTES, flight(), 1))
            elif kind == HANDOFF:
                return body[13 + int.from_bytes(body[9:13], "big"):]


@pytest.mark.parametrize("build, configured, written_for", [
    (OLD, 1, {1: 1, 2: 1, 9: 1}), (NEW, 1, {1: 1, 2: 1, 9: 1}), (NEW, 2, {1: 1, 2: 2, 9: 2})])
def test_key_store_writes_nothing_that_its_peer_cannot_read(tmp_path, build, configured, written_for):
    fleet = Fleet(tmp_path, [Tenant([rollout.NAME])])
    with fleet.not_started():
        store = fleet.key_store("store", fleet.link_address(), f"baton-keystore{build}",
                                serialization_version=configured)
        store.start().wait_event("started")
        for reads, version in written_for.items():
            with fake_application_server(fleet) as link:
                magic, written, rest = split(serialized_by(link, reads))
                assert (magic, written) == (b"BATN", version)
                if version == 2:
                    size, rest = int.from_bytes(rest[:4], "big"), rest[4:]
                    assert size == len(rest)
                assert rest[:5] == b"\0\0\0\3\4"  # a server's, established, no flags, TLS 1.3
        with fake_application_server(fleet) as link:
            link.sendall(hello(reads=0))
            assert read_to_link_error(link) == LINK_ERRORS["serialization_version"]


def split(serialized: bytes) -> tuple[bytes, int, bytes]:
    """Magic number, version, and what follows."""
    return serialized[:4], int.from_bytes(serialized[4:6], "big"), serialized[6:]


# --- the configuration ---

@pytest.mark.parametrize("build, version, said", [
    (OLD, 0, "serialization is off until a version is set"), (NEW, 0, "serialization is off until a version is set"),
    (OLD, 1, None), (NEW, 1, None),
    (OLD, 2, "this build cannot write version 2; write 1 to 1"), (NEW, 2, None),
    (NEW, 3, "this build cannot write version 3; write 1 to 2")])
def test_check_says_what_a_build_can_write(tmp_path, build, version, said):
    fleet = Fleet(tmp_path, [Tenant([rollout.NAME])])
    store = fleet.key_store("store", fleet.link_address(), serialization_version=version)
    checked = subprocess.run([BIN / f"baton-keystore{build}", "--config", store.config, "--check"],
                             capture_output=True, text=True, timeout=60)
    if said is None:
        assert (checked.returncode, checked.stderr) == (0, "")
    else:
        assert checked.returncode == 1
        assert f"serialization_version: {said}" in checked.stderr

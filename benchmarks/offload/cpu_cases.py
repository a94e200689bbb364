"""CPU time per connection, of each process, round by round with all servers in random order."""
import random
import sys
import time

from link_peer import libssl_microseconds
from processes import Helper
from server import NAMES

CONCURRENCY = 8  # connections at a time
SETTLING = 0.05  # s, for the last connections to be cleared away
CASES = {"full-ecdsa": ("ecdsa", []), "resumed-ecdsa": ("ecdsa", ["--resume"]),
         "full-rsa": ("rsa", []), "resumed-rsa": ("rsa", ["--resume"])}


class Round:
    """The microseconds per connection of one round: of application servers and key stores apart."""

    def __init__(self):
        self.application_server = {}  # by (server, case)
        self.key_store = {}
        self.rate = {}  # connections a second

    def total(self, server, case):
        return self.application_server[server, case] + self.key_store.get((server, case), 0)


def client(server, kind, connections, concurrency, *arguments):
    return Helper("baton-bench-load", "clients", "--port", server.ports[kind], "--connections", connections,
                  "--concurrency", concurrency, *arguments)


def tls_client(server, ca_file, key_type, connections, concurrency, *arguments):
    return client(server, key_type, connections, concurrency, "--name", NAMES[key_type], "--ca", ca_file,
                  *arguments)


def run_case(one, server, case, helper, connections):
    time.sleep(SETTLING)
    result, used = helper.run(*server.pids)
    one.rate[server.name, case] = connections / result["seconds"]
    for times, microseconds in zip((one.application_server, one.key_store), used):
        times[server.name, case] = microseconds / connections


def run_round(servers, ca_file, connections):
    one = Round()
    work = [(server, case) for server in servers for case in (*CASES, "plain")]
    random.shuffle(work)
    for server, case in work:
        if case == "plain":
            helper = client(server, "plain", connections, CONCURRENCY, "--plain")
        else:
            key_type, arguments = CASES[case]
            helper = tls_client(server, ca_file, key_type, connections, CONCURRENCY, *arguments)
        run_case(one, server, case, helper, connections)
    return one


def measure_link(link, connections, rate):
    """What the key store's part is held against: {peer: microseconds}. At the rate of Baton's own handshakes."""
    in_memory = libssl_microseconds(connections / 20_000)
    return {"libssl": in_memory + link.microseconds_per_request(connections, rate),
            "libssl-link": link.microseconds_per_request(connections, rate, "--handshakes")}


def add_to(runs, one, servers, on_links):
    names = [server.name for server in servers]
    for name in names:
        runs.add("app-server-tls-cpu-per-connection", name,
                 one.application_server[name, "full-ecdsa"] - one.application_server[name, "plain"], "us")
    key_stores = {name: one.key_store[name, "full-ecdsa"] for name in ("baton", "late")}
    for name, microseconds in (key_stores | on_links).items():
        runs.add("key-store-cpu-per-handshake", name, microseconds, "us")
    for case in CASES:
        for name in names:
            runs.add(case, name, one.total(name, case), "us")


def measure_cpu(runs, servers, link, ca_file, repetitions, connections):
    """A round is one repetition; the first one warms up and does not count."""
    for number in range(repetitions + 1):
        one = run_round(servers, ca_file, connections)
        on_links = measure_link(link, connections, round(one.rate["baton", "full-ecdsa"]))
        if number:
            add_to(runs, one, servers, on_links)
        print(f"bench: offload, {number} of {repetitions} rounds are done", file=sys.stderr)

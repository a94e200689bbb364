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
# What is shown of one side, and of which of the cases.
OF_APPLICATION_SERVER = {"app-server-tls-cpu-per-connection": "full-ecdsa",
                         "app-server-tls-cpu-resumed": "resumed-ecdsa"}
OF_KEY_STORE = {"key-store-cpu-per-handshake": "full-ecdsa", "key-store-cpu-resumed": "resumed-ecdsa",
                "key-store-cpu-rsa": "full-rsa"}
RATES = {"handshakes-per-second-full": "full-ecdsa", "handshakes-per-second-resumed": "resumed-ecdsa"}


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
    with_key_store = [server.name for server in servers if server.key_store]
    for shown, case in OF_APPLICATION_SERVER.items():
        for name in names:
            runs.add(shown, name, one.application_server[name, case] - one.application_server[name, "plain"], "us")
    for shown, case in OF_KEY_STORE.items():
        beside = on_links if shown == "key-store-cpu-per-handshake" else {}
        for name, microseconds in ({name: one.key_store[name, case] for name in with_key_store} | beside).items():
            runs.add(shown, name, microseconds, "us")
    for case in CASES:
        for name in names:
            runs.add(case, name, one.total(name, case), "us")
    for shown, case in RATES.items():
        for name in names:
            runs.add(shown, name, one.rate[name, case], "1/s")


def measure_cpu(runs, servers, link, ca_file, repetitions, connections):
    """A round is one repetition; the first one warms up and does not count."""
    for number in range(repetitions + 1):
        one = run_round(servers, ca_file, connections)
        on_links = measure_link(link, connections, round(one.rate["baton", "full-ecdsa"]))
        if number:
            add_to(runs, one, servers, on_links)
        print(f"bench: offload, {number} of {repetitions} rounds are done", file=sys.stderr)

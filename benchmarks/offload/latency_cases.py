"""Time to the first byte of the answer, with the link between application server and key store made longer."""
import contextlib
import random
import sys

from cpu_cases import tls_client
from delaying_relay import DelayingRelay

DELAYS = (0, 1, 10, 50)  # ms, each way
CONCURRENCY_OF_WAITING = 4  # where a connection mostly waits; elsewhere one would wait for the other's CPU time
SPEECHES = {"full": [], "resumed": ["--resume"], "tls12": ["--tls12"]}


def first_bytes(server, ca_file, speech, count, delay):
    """Milliseconds, of `count` connections one by one."""
    # nginx serves nobody else while a signature is away.
    concurrency = CONCURRENCY_OF_WAITING if delay >= 10 and server.name != "nginx-signing" else 1
    result, _ = tls_client(server, ca_file, "ecdsa", count, concurrency, *SPEECHES[speech]).run()
    return [microseconds / 1000 for microseconds in result["first_byte_us"]]


def far_servers(stack, baton, delay):
    """Those with a link, `delay` milliseconds long."""
    for name in baton.servers:
        relay = stack.enter_context(DelayingRelay(baton.link_port(name), delay / 1000))
        yield stack.enter_context(baton.server(name, f"{name}-{delay}ms", relay.port))


def measure_delay(runs, servers, ca_file, delay, count):
    """The result by server and speech. In TLS 1.2 `late` is what `baton` is."""
    work = [(server, speech) for server in servers for speech in SPEECHES if (server.name, speech) != ("late", "tls12")]
    random.shuffle(work)
    result = {(server.name, speech): first_bytes(server, ca_file, speech, count, delay) for server, speech in work}
    for speech in SPEECHES:
        for name in (server.name for server in servers):
            for value in result.get((name, speech), []):
                runs.add(f"first-byte-pN-delay-{delay}ms-{speech}", name, value, "ms")
    return result


def add_round_trips(runs, names, result, delay):
    cases = {"first-byte-early-full": "full", "first-byte-early-resumed": "resumed", "first-byte-late-tls12": "tls12"}
    for case, speech in cases.items():
        for name in names:
            for value in result.get((name, speech), []):
                runs.add(case, name, value / (2 * delay), "round trips")


def measure_latency(runs, servers, baton, repetitions):
    count = 10 * repetitions
    for delay in DELAYS:
        with contextlib.ExitStack() as stack:
            here = list(far_servers(stack, baton, delay)) if delay else servers
            result = measure_delay(runs, here, baton.ca_file, delay, count)
        print(f"bench: offload, a link of {delay} ms is done", file=sys.stderr)
    add_round_trips(runs, baton.servers, result, DELAYS[-1])

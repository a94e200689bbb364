"""Kinds of bad clients: what they send, and at which step they leave."""

import ssl
from collections.abc import Callable

from step_client import HANDSHAKE_RECORD, StepClient, client_context, record, reset

REQUEST = b"GET /bytes/1000 HTTP/1.1\r\nHost: any\r\n\r\n"
BIG_REQUEST = b"GET /bytes/100000000 HTTP/1.1\r\nHost: any\r\n\r\n"


def client_hello(server_name: str | None, context: ssl.SSLContext | None = None) -> bytes:
    """The ClientHello of such a client, which can be sent any number of times."""
    context = context or client_context()
    context.check_hostname = bool(server_name)
    outgoing = ssl.MemoryBIO()
    try:
        context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=server_name).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def with_suites(hello: bytes, suites: bytes) -> bytes:
    """The same ClientHello with other cipher suites: the given ones, repeated."""
    # Record header 5, handshake header 4, version 2, random 32, then a session id behind its length.
    start = 43 + 1 + hello[43]
    size = int.from_bytes(hello[start:start + 2], "big")
    return hello[:start + 2] + (suites * size)[:size] + hello[start + 2 + size:]


def in_crumbs(hello: bytes) -> bytes:
    """A ClientHello of the greatest size, promised by its header, in records of one byte."""
    message = hello[5:6] + (131_000).to_bytes(3, "big") + hello[9:]
    message += bytes(131_000 - len(message))
    return b"".join(record(HANDSHAKE_RECORD, message[i:i + 1]) for i in range(len(message)))


# Each sends up to a step of its connection and leaves nothing to come.

def nothing(client: StepClient) -> None:
    pass


def half_hello(client: StepClient) -> None:
    hello = client.flight()
    client.socket.sendall(hello[:len(hello) // 2])


def whole_hello(client: StepClient) -> None:
    client.socket.sendall(client.flight())


def half_finished(client: StepClient) -> None:
    client.socket.sendall(client.say_hello()[:-20])


def finished(client: StepClient) -> None:
    client.socket.sendall(client.say_hello())


def half_request(client: StepClient) -> None:
    client.establish().send(REQUEST[:20])


def half_record(client: StepClient) -> None:
    client.establish().socket.sendall(client.seal(REQUEST)[:-10])


def half_response(client: StepClient) -> None:
    client.establish().send(BIG_REQUEST)
    client.read()


Step = Callable[[StepClient], None]
STEPS_BEFORE_HANDSHAKE: tuple[Step, ...] = (nothing, half_hello, whole_hello, half_finished)
STEPS_ESTABLISHED: tuple[Step, ...] = (half_request, half_record, half_response)


def leave(client: StepClient, by_reset: bool) -> None:
    """End the connection without a word of TLS."""
    reset(client.socket) if by_reset else client.socket.close()

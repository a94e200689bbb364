"""Proves the backend with bare sockets: what a proxy in front of it may do, it must bear."""

import hashlib
import socket

import pytest

import payload
from backend import Backend


@pytest.fixture
def backend():
    with Backend(["127.0.0.1", "::1"]) as server:
        yield server


def request(line: str, *fields: str) -> bytes:
    return "\r\n".join([f"{line} HTTP/1.1", "Host: backend", *fields, "", ""]).encode()


def exchange(backend: Backend, data: bytes, address: str = "127.0.0.1") -> bytes:
    """Send everything, close that direction, and return everything that comes back."""
    with socket.create_connection((address, backend.port), timeout=20) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as received:
            return received.read()


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_half_closed_client_gets_its_answer(backend, address):
    answer = exchange(backend, request("GET /bytes/5000000"), address)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert hashlib.sha256(body).hexdigest() == payload.expected_sha256(5_000_000)


def test_pipelined_requests_are_answered_in_order(backend):
    body = b"".join(payload.chunks(70_000))
    upload = request("POST /upload", "Content-Length: 70000") + body
    answer = exchange(backend, request("GET /bytes/7") + upload + request("GET /bytes/9"))
    report = f"{payload.expected_sha256(70_000)} 70000\n".encode()
    positions = [answer.index(part) for part in (body[:7], report, body[:9])]
    assert answer.count(b"HTTP/1.1 200 OK\r\n") == 3
    assert positions == sorted(positions)


def test_idle_connection_does_not_hold_up_the_end():
    with Backend() as server:
        connection = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        connection.sendall(request("GET /bytes/1"))
        received = connection.makefile("rb")
        while received.readline() != b"\r\n":
            pass
        assert len(received.read(1)) == 1
    with connection, received:
        assert received.read() == b""


@pytest.mark.parametrize("line, status", [("GET /nothing", 404), ("PUT /upload", 411), ("PUT /else", 404)])
def test_what_is_not_served_is_refused(backend, line, status):
    assert exchange(backend, request(line)).startswith(f"HTTP/1.1 {status} ".encode())

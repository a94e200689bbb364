"""Proves the interactive s_client against a stand-in server."""

import pytest

import payload
import pki
from backend import Backend
from clients import ClientError, SClient, Target
from standin import StandInTls

SERVER_NAME = "service.example.test"
REQUEST = f"GET /bytes/1000 HTTP/1.1\r\nHost: {SERVER_NAME}\r\n\r\n".encode()


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    directory = tmp_path_factory.mktemp("pki")
    ca = pki.make_ca(directory, "Interactive CA")
    leaf = pki.make_leaf(directory, ca, "ecdsa", [SERVER_NAME])
    with Backend(["127.0.0.1"], StandInTls(leaf).context) as server:
        yield Target(SERVER_NAME, "127.0.0.1", server.port, ca.cert_file, "1.3")


def get(client: SClient) -> bytes:
    client.send(REQUEST)
    head = client.read_until(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    return client.read_exactly(1000)


def test_connection_is_described_and_logged(target, tmp_path):
    keylog = tmp_path / "keys.log"
    with SClient(target, keylog_file=keylog) as client:
        assert (client.tls_version, client.cipher) == ("1.3", "TLS_AES_256_GCM_SHA384")
        assert client.close() == 0
    assert "CLIENT_TRAFFIC_SECRET_0" in keylog.read_text()


def test_keys_are_updated_between_requests(target, tmp_path):
    messages = tmp_path / "messages.log"
    body = b"".join(payload.chunks(1000))
    with SClient(target, options=["-msg", "-msgfile", messages]) as client:
        assert get(client) == body
        client.update_key(request_peer=False)
        assert get(client) == body
        client.update_key(request_peer=True)
        assert get(client) == body
        assert client.close() == 0
    updates = [line[:3] for line in messages.read_text().splitlines() if "KeyUpdate" in line]
    assert updates == [">>>", ">>>", "<<<"]


def test_lines_and_bulk_are_sent_exactly(target):
    # Nearly every byte is a command letter, at the start of a line too.
    body = b"x" + b"K\nQ\nR\nk\n" * 10_000
    with SClient(target) as client:
        client.send_line("PUT /upload HTTP/1.1\r")
        client.send_line(f"Content-Length: {len(body)}\r")
        client.send_line("Connection: close\r")
        client.send_line("\r")
        client.send(body)
        client.read_until(b"\r\n\r\n")
        assert client.read_until(b"\n").endswith(f" {len(body)}\n".encode())
        assert client.wait_closed() == 0


def test_leading_command_letter_is_refused(target):
    with SClient(target) as client, pytest.raises(ValueError):
        client.send(b"Quit\n")


def test_waiting_ends(target):
    with SClient(target) as client, pytest.raises(ClientError):
        client.read_until(b"never sent", timeout=0.2)


def test_unknown_authority_is_refused(target, tmp_path):
    other = pki.make_ca(tmp_path, "Other CA")
    refusing = Target(SERVER_NAME, target.address, target.port, other.cert_file)
    with pytest.raises(ClientError), SClient(refusing):
        pass

"""examples/handshake_in_a_child, in C: echoes over connections whose handshake another process has done."""

from programs import CERTIFICATE, KEY, Program, TlsClient, ask_with_s_client, free_port, wait_for_port


def test_echo(version):
    port = free_port()
    with Program("handshake_in_a_child", port, CERTIFICATE, KEY):
        wait_for_port(port)
        clients = [TlsClient(port, version) for _ in range(3)]
        for round_number in range(3):
            for client in clients:
                assert client.ask(f"round {round_number}") == f"round {round_number}"
        for client in clients:
            client.close()


def test_with_s_client():
    port = free_port()
    with Program("handshake_in_a_child", port, CERTIFICATE, KEY):
        wait_for_port(port)
        text = "x" * 10_000 + "\n"
        assert ask_with_s_client(port, text) == text

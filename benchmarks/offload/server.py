"""A server that clients connect to, whoever it is."""
import dataclasses
import socket
import ssl
import time

NAMES = {"ecdsa": "ecdsa.baton.test", "rsa": "rsa.baton.test"}  # with a certificate of each kind
TIMEOUT = 20  # s, to start


@dataclasses.dataclass
class Server:
    name: str
    ports: dict[str, int]  # "ecdsa" and "rsa"; "plain": without TLS
    application_server: int  # pid
    key_store: int | None = None  # pid

    @property
    def pids(self):
        return [pid for pid in (self.application_server, self.key_store) if pid]


def wait_for_port(port):
    retry(lambda: socket.create_connection(("127.0.0.1", port)).close())


def wait_for_tls(server, ca_file):
    """Until it does handshakes: an application server may have no link yet."""
    context = ssl.create_default_context(cafile=ca_file)

    def shake_hands():
        with socket.create_connection(("127.0.0.1", server.ports["ecdsa"]), TIMEOUT) as sock:
            context.wrap_socket(sock, server_hostname=NAMES["ecdsa"]).close()
    retry(shake_hands)


def retry(attempt):
    end = time.monotonic() + TIMEOUT
    while True:
        try:
            return attempt()
        except OSError:  # of TLS too
            if time.monotonic() > end:
                raise
        time.sleep(0.02)

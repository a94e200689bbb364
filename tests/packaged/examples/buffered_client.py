"""A TLS client that moves its bytes itself: they can be cut anywhere, and stream both ways at once."""

import socket
import ssl

from programs import CLIENT_HELLO, PATIENCE, client_context

READ_SIZE = 65536


class BufferedClient:
    """One TCP connection, one TLS handshake, whoever serves it."""

    def __init__(self, port, version):
        self.handshake_messages = []  # types of those that were sent
        self.tcp = socket.create_connection(("127.0.0.1", port))
        self.tcp.settimeout(PATIENCE)
        self._from_server, self.to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = client_context(version, self.handshake_messages)
        self.tls = context.wrap_bio(self._from_server, self.to_server, server_hostname="localhost")

    def shake_hands(self):
        """Wait for it."""
        while not self.try_to(self.tls.do_handshake):
            self.send()
            self.receive()
        self.send()
        self.handshake = list(self.handshake_messages)
        assert self.handshake.count(CLIENT_HELLO) == 1

    def try_to(self, step, *arguments):
        """What the step gives, or None when it needs bytes from the server."""
        try:
            return step(*arguments) or True
        except ssl.SSLWantReadError:
            return None

    def send(self):
        """All that there is for the server."""
        self.tcp.sendall(self.to_server.read())

    def receive(self):
        """Whether something came from the server."""
        data = self.tcp.recv(READ_SIZE)
        self._from_server.write(data)
        return bool(data)

    def ask(self, text):
        self.tls.write(text)
        self.send()
        while (answer := self.try_to(self.tls.read, READ_SIZE)) is None:
            assert self.receive()
        return answer

    def say_goodbye(self):
        """Say it and hear the server's; the handshake was the only one."""
        while not self.try_to(self.tls.unwrap):
            self.send()
            assert self.receive()
        self.tcp.close()
        assert self.handshake_messages == self.handshake

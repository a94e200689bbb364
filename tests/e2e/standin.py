"""A TLS server made of the backend and Python's ssl, to prove the clients without the proxy."""

import ssl

from pki import Leaf


class StandInTls:
    """A server context for `leaf`; `server_names` collects what clients ask for."""

    def __init__(self, leaf: Leaf):
        self.server_names: list[str | None] = []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(leaf.chain_file, leaf.key_file)
        self.context.sni_callback = lambda connection, name, context: self.server_names.append(name)

"""One HTTPS request with http.client; see programs.py for arguments and output."""

import http.client
import shutil
import socket
import ssl
import sys

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def tls_context(ca: str, version: str, cipher: str) -> ssl.SSLContext:
    """Make a context that trusts `ca` alone."""
    context = ssl.create_default_context(cafile=ca)
    if version != "-":
        context.minimum_version = context.maximum_version = VERSIONS[version]
    if cipher != "-":
        context.set_ciphers(cipher)
    return context


def main(method, name, address, port, ca, version, cipher, path, size):
    """Send one request, its body from standard input; write the response body to standard output."""
    connection = http.client.HTTPSConnection(name, int(port))
    context = tls_context(ca, version, cipher)
    # Given a socket, the connection does not look the name up.
    plain = socket.create_connection((address, int(port)))
    connection.sock = context.wrap_socket(plain, server_hostname=name)
    print(f"tls={connection.sock.version()}", file=sys.stderr)
    print(f"cipher={connection.sock.cipher()[0]}", file=sys.stderr)
    upload = size != "-"
    headers = {"Content-Length": size} if upload else {}
    connection.request(method, path, body=sys.stdin.buffer if upload else None, headers=headers)
    response = connection.getresponse()
    print(f"status={response.status}", file=sys.stderr)
    shutil.copyfileobj(response, sys.stdout.buffer, 1 << 18)
    sys.stdout.buffer.flush()


main(*sys.argv[1:])

"""openssl s_client."""

import re
from pathlib import Path

from . import ciphers
from .base import TLS_1_2, ClientError, Target, tls_version_in, tool
from .raw import RawClient


class OpenSslClient(RawClient):
    """The openssl command's s_client, as a pipe for bytes."""

    name = "openssl"

    def _command(self, target: Target, scratch: Path) -> list[object]:
        # With -ign_eof the bytes sent are never taken for command letters.
        return [*s_client_command(target), "-ign_eof"]

    def _connection_parameters(self, errors: str, scratch: Path) -> tuple[str, str]:
        return connection_parameters(errors)


def s_client_command(target: Target) -> list[object]:
    """Return an s_client command line that verifies the server and prints nothing but data.

    -brief writes a summary of the connection to standard error.
    """
    command = [tool("openssl"), "s_client", "-brief", "-connect", f"{target.bracketed_address}:{target.port}"]
    command += ["-servername", target.server_name, "-verify_hostname", target.server_name]
    command += ["-verify_return_error", "-CAfile", target.ca_file, "-no-CApath", "-no-CAstore"]
    if target.tls_version:
        command.append("-tls" + target.tls_version.replace(".", "_"))
    if target.cipher:
        suite = ciphers.by_iana(target.cipher)
        command += ["-cipher" if suite.tls_version == TLS_1_2 else "-ciphersuites", suite.openssl]
    return command


def connection_parameters(summary: str) -> tuple[str, str]:
    """Return TLS version and IANA cipher name, from the summary that -brief prints."""
    used = re.search(r"Protocol version: (\S+)\nCiphersuite: (\S+)", summary)
    if not used:
        raise ClientError(f"s_client does not tell the TLS version: {summary[-2000:]}")
    return tls_version_in(used[1]), ciphers.iana_name(used[2])

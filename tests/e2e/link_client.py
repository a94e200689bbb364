"""An application server's end of a link on a Unix socket, as far as signatures need it."""

import hashlib
import re
import socket
import struct
import subprocess
from pathlib import Path

HELLO, LINK_ERROR = 1, 5
OPEN, CANCEL, SIGN = 16, 18, 20
SIGNATURE, SIGN_REFUSED = 35, 36
SERIALIZATION, SIGNING = 1, 4  # capability bits
TLS13_SERVER, TLS12_SERVER, TLS13_CLIENT = 1, 2, 3
REASONS = {1: "key_refused", 2: "kind_refused", 3: "input_refused", 4: "scheme_refused", 5: "overloaded",
           6: "rate_limited", 7: "deadline", 8: "going_away", 9: "internal"}
ECDSA_P256, RSA_PSS, RSA_PKCS1, ED25519 = 0x0403, 0x0804, 0x0401, 0x0807
TIMEOUT = 60  # s; a busy machine is slow


def certificate_verify(who: str = "server", hash_size: int = 32) -> bytes:
    return b" " * 64 + f"TLS 1.3, {who} CertificateVerify".encode() + b"\0" + bytes(range(hash_size))


def server_key_exchange(curve: int = 29, point: bytes = bytes(range(32))) -> bytes:
    return b"Z" * 64 + struct.pack("!BHB", 3, curve, len(point)) + point


def spki(certificate: Path) -> bytes:
    pem = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-pubkey"], check=True,
                         capture_output=True, timeout=60).stdout
    return subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=pem, check=True,
                          capture_output=True, timeout=60).stdout


def key_of(certificate: Path) -> bytes:
    """How a key is named on the link."""
    return hashlib.sha256(spki(certificate)).digest()


def verifies(certificate: Path, signature: bytes, data: bytes, directory: Path, options: list[str]) -> bool:
    """Whether the openssl command says so."""
    files = {"key": spki(certificate), "signature": signature, "data": data}
    for name, content in files.items():
        (directory / f"verify-{name}").write_bytes(content)
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", directory / "verify-key",
               "-rawin", "-sigfile", directory / "verify-signature", "-in", directory / "verify-data", *options]
    return subprocess.run(command, capture_output=True, timeout=60).returncode == 0


class Link:
    """Use it as a context manager."""

    def __init__(self, path: Path | str, capabilities: int = SERIALIZATION | SIGNING, reads: int = 1):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(TIMEOUT)
        self.socket.connect(str(path))
        self.buffer = b""
        self.last = 0
        software = b"a test"
        self.send(HELLO, 0, struct.pack("!IHHQIIB", 0x42544E4C, 1, reads, capabilities, 65536, 4096,
                                        len(software)) + software)
        kind, _, body = self.next_frame()
        assert kind == HELLO
        self.offers = struct.unpack("!Q", body[8:16])[0]

    def __enter__(self) -> "Link":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.socket.close()

    def send(self, kind: int, handshake: int, body: bytes) -> None:
        self.socket.sendall(bytes([kind]) + len(body).to_bytes(3, "big") + struct.pack("!I", handshake) + body)

    def next_frame(self) -> tuple[int, int, bytes]:
        while len(self.buffer) < 8 or len(self.buffer) - 8 < int.from_bytes(self.buffer[1:4], "big"):
            data = self.socket.recv(1 << 16)
            assert data, f"the link ended behind {self.buffer!r}"
            self.buffer += data
        size = int.from_bytes(self.buffer[1:4], "big")
        kind, handshake = self.buffer[0], struct.unpack("!I", self.buffer[4:8])[0]
        body, self.buffer = self.buffer[8:8 + size], self.buffer[8 + size:]
        return kind, handshake, body

    def ask(self, key: bytes, data: bytes, kind: int = TLS13_SERVER, scheme: int = ECDSA_P256,
            trace: bytes = bytes(16)) -> int:
        """Send a SIGN; its id."""
        self.last += 1
        fixed = struct.pack("!BH", kind, scheme) + key + bytes(18) + trace + bytes(4)
        self.send(SIGN, self.last, fixed + data)
        return self.last

    def answer(self) -> tuple[int, bytes | str]:
        """The next answer: its id, and the signature or the word of the refusal."""
        kind, handshake, body = self.next_frame()
        assert kind in (SIGNATURE, SIGN_REFUSED), (kind, body)
        return handshake, body if kind == SIGNATURE else REASONS[body[0]]

    def sign(self, *args: object, **kwargs: object) -> bytes | str:
        """Ask and wait."""
        asked = self.ask(*args, **kwargs)
        answered, answer = self.answer()
        assert answered == asked
        return answer

    def link_error(self) -> int:
        """The code of the LINK_ERROR that comes next."""
        kind, _, body = self.next_frame()
        assert kind == LINK_ERROR, (kind, body)
        return int.from_bytes(body[:2], "big")


def counter(program: object, name: str) -> int:
    """A counter of a program that was stopped."""
    return program.wait_event("counters").get(re.sub("[^a-z0-9_]", "_", name), 0)

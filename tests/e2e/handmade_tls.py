"""Just enough of TLS 1.3's record protection to seal a record by hand, with TLS_CHACHA20_POLY1305_SHA256."""

import hmac
import struct

MASK = 0xFFFFFFFF
ROUNDS = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
          (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))


def hkdf_expand_label(secret: bytes, label: str, size: int, hash_name: str = "sha256") -> bytes:
    """RFC 8446 §7.1, with an empty context."""
    full_label = b"tls13 " + label.encode()
    info = struct.pack("!HB", size, len(full_label)) + full_label + b"\0"
    block = output = b""
    for counter in range(1, 256):
        if len(output) >= size:
            break
        block = hmac.digest(secret, block + info + bytes([counter]), hash_name)
        output += block
    return output[:size]


def tls12_prf(secret: bytes, label: str, seed: bytes, size: int, hash_name: str) -> bytes:
    """RFC 5246 §5."""
    seed = label.encode() + seed
    step, output = seed, b""
    while len(output) < size:
        step = hmac.digest(secret, step, hash_name)
        output += hmac.digest(secret, step + seed, hash_name)
    return output[:size]


def sealed_record(traffic_secret: bytes, content_type: int, content: bytes) -> bytes:
    """The first record under this traffic secret."""
    key, nonce = (hkdf_expand_label(traffic_secret, label, size) for label, size in (("key", 32), ("iv", 12)))
    plaintext = content + bytes([content_type])
    header = struct.pack("!BHH", 23, 0x0303, len(plaintext) + 16)
    return header + _chacha20_poly1305(key, nonce, header, plaintext)


def _chacha20_block(key: bytes, counter: int, nonce: bytes) -> bytes:
    start = struct.unpack("<16I", b"expand 32-byte k" + key + struct.pack("<I", counter) + nonce)
    state = list(start)
    for a, b, c, d in ROUNDS * 10:
        for x, y, z, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            state[x] = (state[x] + state[y]) & MASK
            mixed = state[z] ^ state[x]
            state[z] = (mixed << turn | mixed >> 32 - turn) & MASK
    return struct.pack("<16I", *((one + other) & MASK for one, other in zip(state, start)))


def _chacha20_poly1305(key: bytes, nonce: bytes, additional: bytes, plaintext: bytes) -> bytes:
    """RFC 8439 §2.8, for less than a block of plaintext."""
    text = bytes(one ^ other for one, other in zip(plaintext, _chacha20_block(key, 1, nonce)))
    authenticated = _padded(additional) + _padded(text) + struct.pack("<QQ", len(additional), len(text))
    one_time_key = _chacha20_block(key, 0, nonce)
    r = int.from_bytes(one_time_key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for start in range(0, len(authenticated), 16):
        block = int.from_bytes(authenticated[start:start + 16] + b"\1", "little")
        total = (total + block) * r % (2**130 - 5)
    tag = (total + int.from_bytes(one_time_key[16:32], "little")) % 2**128
    return text + tag.to_bytes(16, "little")


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 16)


def key_log(lines: str) -> dict[str, bytes]:
    """The secrets of one connection by their labels, as SSLKEYLOGFILE has them."""
    fields = (line.split() for line in lines.splitlines() if line and not line.startswith("#"))
    return {label: bytes.fromhex(secret) for label, _, secret in fields}

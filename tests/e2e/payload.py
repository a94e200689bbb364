"""The deterministic bytes that clients and backend exchange."""

import functools
import hashlib
from collections.abc import Iterator

# A prime length never lines up with TLS records or buffers, so a lost, repeated
# or swapped record always changes the hash.
BLOCK_SIZE = 999_983
BLOCK = hashlib.shake_128(b"baton end-to-end payload").digest(BLOCK_SIZE)


def chunks(size: int) -> Iterator[memoryview]:
    """Yield the first `size` bytes of the endless payload, block by block."""
    block = memoryview(BLOCK)
    while size > 0:
        yield block[:size]
        size -= BLOCK_SIZE


@functools.lru_cache(maxsize=None)
def expected_sha256(size: int) -> str:
    """Return the hex SHA-256 of the first `size` bytes of the payload."""
    digest = hashlib.sha256()
    for chunk in chunks(size):
        digest.update(chunk)
    return digest.hexdigest()

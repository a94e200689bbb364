"""Searches the whole memory of another process, which needs root."""

import contextlib
import os
import re
import signal
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

CHUNK = 16 << 20  # bytes read at once
OVERLAP = 1 << 16  # of two chunks, more than the longest needle
WIPING_TIME = 5  # s, for what a program still has to do behind the bytes that the other side has


def find(pid: int, needles: dict[str, bytes]) -> set[str]:
    """The names of the needles that are in the memory of the process, which stands still meanwhile."""
    with _stopped(pid):
        return find_in(_pieces(pid), needles)


def find_in(pieces: Iterable[bytes], needles: dict[str, bytes]) -> set[str]:
    """The names of the needles that are in them."""
    assert all(8 <= len(needle) < OVERLAP for needle in needles.values())
    found: set[str] = set()
    for piece in pieces:
        found |= {name for name, needle in needles.items() if name not in found and needle in piece}
    return found


def snapshot(pid: int) -> list[bytes]:
    """The whole memory as it is now, to be searched for what is only known later."""
    with _stopped(pid):
        return list(_pieces(pid))


def left_in(pid: int, needles: dict[str, bytes]) -> set[str]:
    """What is still there once the process has had the time to end its step: a peer may be faster than its wiping."""
    end = time.monotonic() + WIPING_TIME
    while (found := find(pid, needles)) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def freeze(pid: int) -> None:
    """SIGSTOP, and wait for it: until one of its threads sees the signal, the others run on."""
    os.kill(pid, signal.SIGSTOP)
    _wait_stopped(pid)


@contextlib.contextmanager
def _stopped(pid: int) -> Iterator[None]:
    try:
        freeze(pid)
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _wait_stopped(pid: int) -> None:
    threads = Path(f"/proc/{pid}/task")
    while any(re.search(r"^State:\s+[^Tt]", (thread / "status").read_text(), re.MULTILINE)
              for thread in threads.iterdir()):
        os.sched_yield()


def _pieces(pid: int) -> Iterator[bytes]:
    """Everything that is mapped and readable, but for what the kernel maps into every process."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps.readlines():
            bounds, permissions = line.split()[:2]
            first, end = (int(bound, 16) for bound in bounds.split("-"))
            if not permissions.startswith("r") or "[vvar" in line or "[vsyscall]" in line:
                continue
            for start in range(first, end, CHUNK):
                size = min(CHUNK + OVERLAP, end - start)
                piece = os.pread(memory.fileno(), size, start)
                assert len(piece) == size, f"unread: {line}"
                yield piece

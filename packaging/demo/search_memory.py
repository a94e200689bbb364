#!/usr/bin/env python3
"""Searches the memory of processes for a private key, in every form in which a program could have it.

search_memory.py KEY_FILE PID...: exit code 0 if nothing was found, 1 if something was.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests/e2e"))
sys.dont_write_bytecode = True

from needles import private_key_needles  # noqa: E402
from process_memory import find_in, snapshot  # noqa: E402

needles = private_key_needles(Path(sys.argv[1]))
pieces = [piece for pid in sys.argv[2:] for piece in snapshot(int(pid))]
found = find_in(pieces, needles)
said = f"{len(found)} of them found" if found else "none found"
print(f"{sum(map(len, pieces)) / 1e6:.0f} MB searched for {len(needles)} forms of the private key: {said}")
sys.exit(1 if found else 0)

"""Compile a client's program once per work directory."""

import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from .base import SetupError

SOURCES = Path(__file__).parent
TIMEOUT = 120

_lock = threading.Lock()


def build_once(product: Path, command: Sequence[object], env: Mapping[str, str]) -> Path:
    """Run `command` among the sources unless it has already made `product`; return that."""
    with _lock:
        if not product.exists():
            argv = [str(arg) for arg in command]
            result = subprocess.run(
                argv, cwd=SOURCES, env=env, capture_output=True, text=True, timeout=TIMEOUT
            )
            if result.returncode != 0:
                raise SetupError(f"could not build {product.name}: {result.stderr}")
    return product

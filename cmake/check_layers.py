#!/usr/bin/env python3
"""Holds the includes to the order of the rooms: none runs up, and OpenSSL stays where it belongs.

A room may include itself and the rooms in front of it in ROOMS. Rooms on one line do not know each other, but for
those named in SAME_FLOOR. The public headers in include/baton include each other only; every room may include them.
"""
import pathlib
import re
import sys

ROOMS = [["base"], ["crypto"], ["tls"], ["serialization", "handshake", "ktls"], ["offload", "net"], ["api"], ["capi"]]
SAME_FLOOR = {("net", "offload"), ("offload", "handshake")}
OPENSSL_ROOMS = {"crypto", "handshake"}
SOCKET_ROOMS = {"net"}
SOCKET_HEADERS = re.compile(r"<(sys/socket\.h|netinet/.*|arpa/inet\.h|netdb\.h|asio.*)>")
PUBLIC = "baton"
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<][^">]+[">])')

FLOOR = {room: floor for floor, rooms in enumerate(ROOMS) for room in rooms}


def faults_of(room, target):
    """Why a file in `room` may not include `target`."""
    name = target[1:-1]
    if room == PUBLIC:
        if target.startswith('"') and not name.startswith("baton/"):
            yield "public headers include public headers only"
        return
    if name.startswith("openssl/") and room not in OPENSSL_ROOMS:
        yield f"OpenSSL is for {sorted(OPENSSL_ROOMS)} only"
    if name == "openssl/ssl.h" and room != "handshake":
        yield "libssl is for src/handshake only"
    if SOCKET_HEADERS.match(target) and room in FLOOR and room not in SOCKET_ROOMS:
        yield "sockets are for src/net and programs only"
    other = name.split("/")[0]
    if room not in FLOOR or other not in FLOOR or other == room:
        return
    if FLOOR[other] > FLOOR[room]:
        yield f"src/{other} stands above src/{room}"
    if FLOOR[other] == FLOOR[room] and (room, other) not in SAME_FLOOR:
        yield f"src/{room} and src/{other} do not know each other"


def check(root):
    for path in sorted([*root.glob("include/**/*"), *root.glob("src/**/*"), *root.glob("programs/**/*")]):
        if path.suffix not in (".h", ".cc"):
            continue
        parts = path.relative_to(root).parts
        room = parts[1] if parts[0] in ("src", "include") else "programs"
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            for fault in faults_of(room, match.group(1)) if match else ():
                yield f"{path.relative_to(root)}:{number}: {match.group(1)}: {fault}"


if __name__ == "__main__":
    found = list(check(pathlib.Path(sys.argv[1])))
    print("\n".join(found) or "every include runs downwards")
    sys.exit(bool(found))

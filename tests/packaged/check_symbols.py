#!/usr/bin/env python3
"""check_symbols.py PREFIX SONAME: what the installed libraries show.

The shared library shows the public names of the headers, all of them and nothing else, under one version; its SONAME is
SONAME. The static one holds machine code alone, nothing that only the compiler that made it could read. The provider
shows what OpenSSL calls.
"""
import pathlib
import re
import subprocess
import sys


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class PublicNames:
    """What the headers name. A type that they only declare is none of it: what is in there is nobody's matter."""

    def __init__(self, headers):
        text = re.sub(r"//.*", "", "\n".join(header.read_text() for header in headers))
        self.words = set(re.findall(r"\w+", text))
        self.scopes = set(re.findall(r"\b(?:struct|class)\s+(?:BATON_EXPORT\s+)?(\w+)[^;{]*\{", text))
        for namespaces in re.findall(r"\bnamespace\s+([\w:]+)", text):
            self.scopes.update(namespaces.split("::"))

    def __contains__(self, symbol):
        """Whether a demangled symbol is public."""
        if re.fullmatch(r"baton_\w+", symbol):
            return symbol in self.words
        symbol = re.sub(r"^(vtable|typeinfo|typeinfo name) for ", "", symbol)
        path = re.match(r"baton::(?:\w+::)*~?\w+", symbol)
        if path is None:
            return False
        *scopes, name = path[0].replace("~", "").split("::")
        return name in self.words and self.scopes.issuperset(scopes)


def exported(library):
    """{demangled name: version}, without the version's own symbol."""
    lines = run("nm", "-D", "--defined-only", "-C", "--with-symbol-versions", library).splitlines()
    symbols = (re.match(r"\S+ (\w) (.*?)(?:@@?(\w[\w.]*))?$", line) for line in lines)
    return {symbol[2]: symbol[3] for symbol in symbols if symbol[1] != "A"}


def faults_of_shared(library, archive, names, soname):
    symbols = exported(library)
    version = "BATON_" + soname.removeprefix("libbaton.so.")
    for symbol in sorted(symbols):
        if symbol not in names:
            yield f"{symbol} is exported, and no public header has it"
        if symbols[symbol] != version:
            yield f"{symbol} has the version {symbols[symbol]} and not {version}"
    # Inline functions, which are weak, are compiled into each program.
    for line in run("nm", "-C", "--defined-only", archive).splitlines():
        symbol = re.match(r"[0-9a-f]+ T (.*)", line)
        if symbol and symbol[1] in names and symbol[1] not in symbols:
            yield f"{symbol[1]} is in a public header and not exported: BATON_EXPORT is missing"
    if f"soname: [{soname}]" not in run("readelf", "-d", library):
        yield f"the SONAME is not {soname}"


def faults_of_static(archive):
    sections = run("readelf", "-SW", archive)
    if re.search(r"\.gnu\.(lto|debuglto)_", sections):
        yield "the archive holds what link-time optimisation needs; other compilers cannot read it"


def main(prefix, soname):
    library, archive, provider = (str(next(prefix.rglob(name)))
                                  for name in ("libbaton.so", "libbaton.a", "ossl-modules/baton.so"))
    names = PublicNames((prefix / "include/baton").rglob("*.h"))
    faults = [*faults_of_shared(library, archive, names, soname), *faults_of_static(archive)]
    if set(exported(provider)) != {"OSSL_provider_init"}:
        faults.append(f"the provider shows {sorted(exported(provider))}")
    print("\n".join(faults) or f"{len(exported(library))} symbols, all of them public")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), sys.argv[2]))

#!/usr/bin/env python3
"""compile_headers.py PREFIX COMPILER STANDARD: every installed header, alone, without a warning.

Those of baton/asio for both Asios; what they include in detail/ alone for one.

A standard of C takes the headers that C programs include: export.h and those with an `extern "C"`.
"""
import pathlib
import subprocess
import sys

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror"]


def is_for_c(header):
    return header.name == "export.h" or 'extern "C"' in header.read_text()


def variants(header):
    """The options that make another header of it."""
    if header.parent.name != "asio":
        return [[]]
    return [[]] if header.name == "beast.h" else [[], ["-DBATON_ASIO_BOOST"]]


def compiles(include, header, compiler, standard, options):
    """With everything hidden too, as careful libraries compile, since that has warnings of its own."""
    language = "c++" if "++" in standard else "c"
    # Twice: nothing is defined again. C wants a declaration, too, and export.h has none.
    source = 2 * f'#include "{header.relative_to(include)}"\n' + "extern int declared;\n"
    command = [compiler, f"-std={standard}", *WARNINGS, "-fvisibility=hidden", "-fsyntax-only", "-x", language]
    command += [*options, "-I", str(include), "-"]
    return subprocess.run(command, input=source, text=True, check=False).returncode == 0


def main(prefix, compiler, standard):
    include = prefix / "include"
    headers = sorted((include / "baton").rglob("*.h"))
    if "++" not in standard:
        headers = [header for header in headers if is_for_c(header)]
    bad = [f"{header} {options}" for header in headers for options in variants(header)
           if not compiles(include, header, compiler, standard, options)]
    print("\n".join(bad) or f"{len(headers)} headers")
    return bool(bad) or not headers


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), *sys.argv[2:]))

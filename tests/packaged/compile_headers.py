#!/usr/bin/env python3
"""compile_headers.py PREFIX COMPILER STANDARD: every installed header, alone, without a warning.

A standard of C takes the headers that C programs include: export.h and those with an `extern "C"`.
"""
import pathlib
import subprocess
import sys

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror"]


def is_for_c(header):
    return header.name == "export.h" or 'extern "C"' in header.read_text()


def compiles(include, header, compiler, standard):
    """With everything hidden too, as careful libraries compile, since that has warnings of its own."""
    language = "c++" if "++" in standard else "c"
    # Twice: nothing is defined again. C wants a declaration, too, and export.h has none.
    source = 2 * f'#include "{header.relative_to(include)}"\n' + "extern int declared;\n"
    command = [compiler, f"-std={standard}", *WARNINGS, "-fvisibility=hidden", "-fsyntax-only", "-x", language]
    command += ["-I", str(include), "-"]
    return subprocess.run(command, input=source, text=True, check=False).returncode == 0


def main(prefix, compiler, standard):
    include = prefix / "include"
    headers = sorted((include / "baton").rglob("*.h"))
    if "++" not in standard:
        headers = [header for header in headers if is_for_c(header)]
    bad = [str(header) for header in headers if not compiles(include, header, compiler, standard)]
    print("\n".join(bad) or f"{len(headers)} headers")
    return bool(bad) or not headers


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), *sys.argv[2:]))

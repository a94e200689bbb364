#!/usr/bin/env python3
"""check_reference.py SOURCE: Doxygen makes the reference without a warning, and every exported name is in it.

It is made in SOURCE/build/reference. Then a header with faults is added to a copy, to see that each is found.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

FAULTY = """// Names with a comment and without.
#pragma once

namespace baton {

// Stands for both.
int with_comment();
int under_with_comment();

int without_comment();

struct WithoutComment {
  int member_without_comment;
  int member_with_comment;  // here
};

// Of the class.
class OfTheClass {
 public:
  OfTheClass(OfTheClass&&) noexcept;
  bool method_without_comment() const { return true; }
  // For Baton itself.
  int for_baton_itself();

 private:
  int private_member_;
};

}  // namespace baton
"""
WITHOUT_COMMENT = {"without_comment", "WithoutComment", "member_without_comment", "method_without_comment"}


def run_doxygen(source):
    """What it says."""
    (source / "build").mkdir(exist_ok=True)
    shutil.rmtree(source / "build/reference", ignore_errors=True)
    ran = subprocess.run(["doxygen", "cmake/Doxyfile"], cwd=source, capture_output=True, text=True)
    said = ran.stdout + ran.stderr
    if bool(ran.returncode) != bool(said):
        raise SystemExit(f"doxygen ends with {ran.returncode} and says: {said}")
    return said


def exported_names(source):
    for header in sorted((source / "include/baton").rglob("*.h")):
        code = re.sub(r"(?s)//.*?$|/\*.*?\*/", "", header.read_text(), flags=re.M)
        yield from re.findall(r"^ *(?:\[\[nodiscard\]\] )?(?:struct|class) BATON_EXPORT (\w+)", code, re.M)
        yield from re.findall(r"^ *(?:\[\[nodiscard\]\] )?BATON_EXPORT [^;{]*?(\w+)\(", code, re.M)


def faults_of_reference(source):
    yield from run_doxygen(source).splitlines()
    tags = xml.etree.ElementTree.parse(source / "build/reference/names.xml")
    documented = {name.text.split("::")[-1] for name in tags.iter("name")}
    names = sorted(set(exported_names(source)))
    if len(names) < 40:
        yield f"only {len(names)} exported names were found in the headers"
    for name in names:
        if name not in documented:
            yield f"{name} is exported, and not in the reference"


def faults_of_control(source):
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder)
        for name in ("include", "cmake", "docs"):
            shutil.copytree(source / name, copy / name)
        (copy / "include/baton/faulty.h").write_text(FAULTY)
        said = run_doxygen(copy)
    found = set(re.findall(r"faulty\.h:\d+: error: (?:Member|Compound) (?:\w+::)*(\w+)[^\n]* is not documented", said))
    if found != WITHOUT_COMMENT:
        yield f"of the names without a comment, {sorted(WITHOUT_COMMENT)}, these were found: {sorted(found)}"


def main(source):
    faults = [*faults_of_reference(source), *faults_of_control(source)]
    print("\n".join(faults) or f"the reference is in {source / 'build/reference/html'}")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))

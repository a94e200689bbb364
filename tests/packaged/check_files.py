#!/usr/bin/env python3
"""check_files.py BUILD PREFIX SONAME: where installed files are, and which of them a component has.

Nothing that is installed for others knows the folders that it was built in, and the components of BUILD, each
installed alone, share nothing and leave nothing out of PREFIX.
"""
import pathlib
import subprocess
import sys
import tempfile

COMPONENTS = ["runtime", "development", "programs", "provider", "documentation"]


def files_of(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def files_of_component(build, component):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["cmake", "--install", build, "--prefix", folder, "--component", component], check=True,
                       stdout=subprocess.DEVNULL)
        return files_of(pathlib.Path(folder))


def faults_of_components(build, prefix, soname):
    files = {component: files_of_component(build, component) for component in COMPONENTS}
    split = sorted(name for component in COMPONENTS for name in files[component])
    if split != sorted(files_of(prefix)):
        yield f"the components do not add up: {sorted(set(split) ^ files_of(prefix))}, or a file is in two"
    if not all(pathlib.Path(name).name.startswith(soname) for name in files["runtime"]):
        yield f"the runtime has more than the shared library: {sorted(files['runtime'])}"
    if {pathlib.Path(name).name for name in files["programs"]} != {"baton", "baton-keystore", "baton-proxy"}:
        yield f"the programs are {sorted(files['programs'])}"
    if not all(name.endswith("/ossl-modules/baton.so") for name in files["provider"]) or len(files["provider"]) != 1:
        yield f"the provider is {sorted(files['provider'])}"


def faults_of_paths(build, prefix):
    source = str(pathlib.Path(__file__).parents[2])
    for path in [*prefix.rglob("*.cmake"), *prefix.rglob("*.pc"), *prefix.rglob("*.h")]:
        for folder in (source, build):
            if folder in path.read_text():
                yield f"{path} names {folder}"


def main(build, prefix, soname):
    prefix = pathlib.Path(prefix)
    faults = [*faults_of_components(build, prefix, soname), *faults_of_paths(build, prefix)]
    print("\n".join(faults) or f"{len(files_of(prefix))} files")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

#!/usr/bin/env python3
"""Misuse must not compile, and must fail for the right reason.

Each file in cases/ compiles as it is (the positive control: all of them in one unit), and fails
with -DMISUSE. Its comment `// expect-error: REGEX` says how: every error that the compiler gives
must lie in the case itself and match, so that a missing header or a renamed function cannot make
a case pass.

    check_compile_fail.py --compiler g++ --include src control
    check_compile_fail.py --compiler g++ --include src CASE
"""
import argparse
import pathlib
import re
import subprocess
import sys

CASES = pathlib.Path(__file__).resolve().parent / "cases"
FLAGS = ["-std=c++20", "-fsyntax-only", "-Wunused-result", "-Werror",
         "-fdiagnostics-color=never"]


def compile_source(options, source, extra):
    includes = [flag for folder in options.include for flag in ("-I", folder)]
    command = [options.compiler, *FLAGS, *extra, *includes, "-x", "c++", "-"]
    return subprocess.run(command, input=source, capture_output=True, text=True, check=False)


def check_control(options):
    source = "".join(f'#include "{path}"\n' for path in sorted(CASES.glob("*.cc")))
    result = compile_source(options, source, [])
    if result.returncode != 0:
        return f"the cases must compile as they are:\n{result.stderr}"
    return ""


def check_case(options):
    path = CASES / f"{options.case}.cc"
    expected = re.search(r"^// expect-error: (.+)$", path.read_text(), re.MULTILINE)
    if expected is None:
        return f"{path} says no expect-error"
    result = compile_source(options, f'#include "{path}"\n', ["-DMISUSE"])
    if result.returncode == 0:
        return f"{path} compiles with -DMISUSE: the misuse is possible"
    errors = [line for line in result.stderr.splitlines() if re.search(r"\berror: ", line)]
    if not errors:
        return f"the compiler failed without an error:\n{result.stderr}"
    for line in errors:
        if not line.startswith(f"{path}:"):
            return f"an error outside the case:\n{line}"
        if re.search(expected.group(1), line) is None:
            return f"another error than expected ({expected.group(1)}):\n{line}"
    return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--include", action="append", default=[])
    parser.add_argument("case")
    options = parser.parse_args()
    problem = check_control(options) if options.case == "control" else check_case(options)
    if problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Formatting of C++ (clang-format of Debian 12), shell scripts (shellcheck), syntax of Python."""

import pathlib
import shutil
import subprocess

import repository


def run(tool: str, arguments: list[str], paths: list[pathlib.Path]) -> list[str]:
    if not paths:
        return []
    if shutil.which(tool) is None:
        return [f"{tool} is not installed; ./scripts/install.sh test installs it"]
    result = subprocess.run([tool, *arguments, *map(str, paths)], cwd=repository.ROOT,
                            capture_output=True, text=True)
    if result.returncode == 0:
        return []
    output = (result.stdout + result.stderr).strip().splitlines()
    interesting = [line for line in output if "error:" in line] or output
    return [f"{tool}: {line}" for line in interesting[:40]]


def check_python(paths: list[pathlib.Path]) -> list[str]:
    problems = []
    for path in paths:
        try:
            compile(path.read_text(), str(path), "exec")
        except SyntaxError as error:
            problems.append(f"{repository.name(path)}:{error.lineno}: {error.msg}")
    return problems


def main() -> None:
    cxx = repository.files(".h", ".cc")
    shell = repository.files(".sh")
    python = repository.files(".py")
    problems = run("clang-format", ["--dry-run", "-Werror"], cxx)
    if any(p.startswith("clang-format") for p in problems):
        problems.append("./scripts/lint.sh --fix formats them")
    problems += run("shellcheck", ["--external-sources", "--exclude=SC1091"], shell)
    problems += check_python(python)
    repository.finish("lint", problems, len(cxx) + len(shell) + len(python))


if __name__ == "__main__":
    main()

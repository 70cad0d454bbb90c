"""What the checks share: the files of the repository and how a check reports."""

import pathlib
import subprocess
import sys

# What a configure run inside the source tree leaves behind.
GENERATED = {"CMakeFiles", "cmake_install.cmake", "CTestTestfile.cmake"}
ROOT = pathlib.Path(__file__).resolve().parents[2]


def files(*suffixes: str, root: pathlib.Path = ROOT) -> list[pathlib.Path]:
    """All files that are, or are about to be, in the repository, with one of the suffixes."""
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True, check=True, text=True).stdout
    paths = (root / name for name in listed.split("\0") if name)
    return sorted(p for p in set(paths)
                  if p.suffix in suffixes and p.is_file() and not GENERATED & {*p.parts, p.name})


def generated() -> list[str]:
    """A problem for each generated file that is in the repository."""
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True,
                            check=True, text=True).stdout
    return [f"{name}: generated, and yet in the repository" for name in listed.split("\0")
            if GENERATED & set(name.split("/"))]


def name(path: pathlib.Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def finish(check: str, problems: list[str], looked_at: int) -> None:
    """Prints the verdict and ends the process: 0 without problems, 1 with."""
    for problem in problems:
        print(problem)
    if looked_at == 0:
        problems = ["looked at nothing"]
    verdict = f"{len(problems)} problem(s)" if problems else "ok"
    print(f"{check}: {looked_at} files, {verdict}")
    sys.exit(1 if problems else 0)

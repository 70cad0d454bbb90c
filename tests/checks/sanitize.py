#!/usr/bin/env python3
"""Builds the test programs under a sanitizer and runs them: sanitize.py asan-ubsan|tsan.

AddressSanitizer and UndefinedBehaviorSanitizer see every unit, the simulation, the fuzzed parsers
and the store conformance suite; ThreadSanitizer sees the programs that have threads. What failed
is said again at the very end, within 60 lines, so that a log that is cut still shows it.
"""

import concurrent.futures
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import time

import repository

THREADED = ["unit_os", "unit_http", "unit_store", "unit_store_journal", "unit_store_postgres",
            "unit_signer", "unit_api", "store_conformance_test"]
EVERYTHING = re.compile(
    r"^(unit_\w+|store_conformance_test|crash_points_test|simulate|fuzz_\w+)$")
# They mostly wait for databases and disks: they start first, each as so many shards of its tests.
SHARDS = {"unit_store_postgres": 3, "store_conformance_test": 2, "unit_store_journal_faults": 1}
FUZZ_MUTATIONS = 3000
SIMULATED_SEEDS = 3000
PROGRAM_SECONDS = 900
BUILD_SECONDS = 2000
OPTIONS = {
    "ASAN_OPTIONS": "detect_leaks=1:check_initialization_order=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=0:exitcode=66:second_deadlock_stack=1",
}
TELLING = re.compile(r"^(SUMMARY: .*|WARNING: ThreadSanitizer.*|==\d+==ERROR.*|.*runtime error:.*|"
                     r"\[  FAILED  \] .*|FATAL: .*|.*Failure$|.*CHECK.*failed.*|"
                     r"\s+#[0-7] .*src/.*|\s+#[0-7] .*tests/.*)")


def run(command: list[str], seconds: int, **variables: str) -> tuple[int, str]:
    """Exit code and output; a program that takes too long is ended and counts as failed."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True, errors="replace", cwd=repository.ROOT,
                               env={**os.environ, **OPTIONS, **variables})
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
        return 124, output + f"\nFATAL: ended after {seconds} s\n"
    return process.returncode, output


def without_address_randomisation() -> list[str]:
    """Older sanitizer run-times cannot place their shadow where newer kernels put things."""
    prefix = ["setarch", platform.machine(), "-R"]
    if shutil.which("setarch") and subprocess.run([*prefix, "true"], capture_output=True,
                                                  check=False).returncode == 0:
        return prefix
    return []


def targets_of(build: pathlib.Path, preset: str) -> list[str]:
    listed = subprocess.run(["ninja", "-C", str(build), "-t", "targets", "all"], check=True,
                            capture_output=True, text=True).stdout
    known = {line.split(":")[0] for line in listed.splitlines()}
    if preset == "tsan":
        return THREADED
    return sorted(t for t in known if EVERYTHING.match(t))


def command_of(build: pathlib.Path, name: str) -> list[str]:
    program = str(build / "tests" / name)
    if name == "simulate":
        return [program, "--seeds", str(SIMULATED_SEEDS)]
    if not name.startswith("fuzz_"):
        return [program]
    corpus = repository.ROOT / "tests/fuzz/corpus" / name.removeprefix("fuzz_")
    return [program, "--corpus", str(corpus), "--seed", "1", "--mutations", str(FUZZ_MUTATIONS)]


def shards_of(names: list[str]) -> list[tuple[str, dict[str, str]]]:
    """Every program with the environment of each of its shards, in the order to start them."""
    first = [(name, {"GTEST_TOTAL_SHARDS": str(count), "GTEST_SHARD_INDEX": str(index)})
             for name, count in SHARDS.items() if name in names for index in range(count)]
    return first + [(name, {}) for name in names if name not in SHARDS]


def ran_nothing(name: str, output: str) -> bool:
    if name == "simulate":
        return f"{SIMULATED_SEEDS} seeds" not in output
    return not name.startswith("fuzz_") and not re.search(r"^\[  PASSED  \] [1-9]", output, re.M)


def summary(name: str, code: int, output: str, lines: int) -> list[str]:
    telling = [line.rstrip() for line in output.splitlines() if TELLING.match(line)]
    if not telling:
        telling = output.rstrip().splitlines()
    return [f"FAILED {name} (exit code {code})"] + ["  " + line[:200] for line in telling[-lines:]]


def build_all(build: pathlib.Path, preset: str, names: list[str]) -> None:
    # One compiler for each processor: one that holds many sources takes much memory.
    code, output = run([str(repository.ROOT / "scripts/build.sh"), preset,
                        f"-j{os.cpu_count() or 2}", *names], BUILD_SECONDS)
    if code != 0:
        errors = [line for line in output.splitlines() if "error" in line or "FAILED" in line]
        print(output[-3000:])
        print("\n".join(["", f"sanitize {preset}: the build failed"] + errors[:30]))
        sys.exit(1)


def main(preset: str) -> None:
    build = repository.ROOT / "build" / preset
    started = time.monotonic()
    code, output = run(["cmake", "--preset", preset], 300)
    if code != 0:
        sys.exit(output)
    names = targets_of(build, preset)
    build_all(build, preset, names)
    print(f"built {len(names)} programs in {time.monotonic() - started:.0f} s", flush=True)

    prefix = without_address_randomisation()
    failed: list[tuple[str, int, str]] = []
    shards = shards_of(names)
    with concurrent.futures.ThreadPoolExecutor((os.cpu_count() or 2) + 1) as pool:
        running = {pool.submit(run, [*prefix, *command_of(build, n)], PROGRAM_SECONDS, **shard): n
                   for n, shard in shards}
        for done in concurrent.futures.as_completed(running):
            code, output = done.result()
            if code == 0 and ran_nothing(running[done], output):
                code, output = 1, output + "\nFATAL: the program ran no test\n"
            print(f"{'ok' if code == 0 else 'FAILED'} {running[done]} "
                  f"after {time.monotonic() - started:.0f} s", flush=True)
            if code != 0:
                failed.append((running[done], code, output))
    for name, code, output in failed:
        print(f"\n######## {name}\n" + output[-12000:])
    for name, code, output in failed:
        print("\n".join(summary(name, code, output, max(8, 60 // len(failed)))))
    print(f"sanitize {preset}: {len(shards) - len(failed)} of {len(shards)} runs are clean, "
          f"{time.monotonic() - started:.0f} s")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in ("asan-ubsan", "tsan"):
        sys.exit("usage: sanitize.py asan-ubsan|tsan")
    main(sys.argv[1])

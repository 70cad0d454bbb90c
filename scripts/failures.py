#!/usr/bin/env python3
"""Prints the end of the output of every failed test of a ctest JUnit file, within 80 lines."""

import sys
import xml.etree.ElementTree

LINES_IN_ALL = 80
LINES_AT_LEAST = 12


def main(path: str) -> None:
    failed = []
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        if case.get("status") in ("fail", "disabled") or case.find("failure") is not None:
            failed.append((case.get("name"), case.findtext("system-out") or "(no output)"))
    share = max(LINES_AT_LEAST, LINES_IN_ALL // max(1, len(failed)))
    for name, output in failed:
        print(f"\n---- {name} failed; its last {share} lines ----")
        for line in output.rstrip().splitlines()[-share:]:
            print(line[:300])
    print()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: failures.py CTEST_JUNIT_XML")
    main(sys.argv[1])

#!/usr/bin/env python3
"""Checks that the house is in order: layers, sizes, bans, dead files, documents.

  tools/tidy.py [--root DIR] [--quiet]

Prints one line for each finding, then the counts; the exit code is 1 when there is a finding.
Exceptions are lines `check path: reason` in tools/tidy_allow.txt. docs/CONVENTIONS.md says why
these rules exist; tools/tidy_test.py proves that each check can fail.
"""

import argparse
import pathlib
import sys

import tidy_cpp
import tidy_documents
from tidy_tree import Report, Tree, parse_allowed

ALLOW_LIST = "tools/tidy_allow.txt"
CHECKS = tidy_cpp.CHECKS + tidy_documents.CHECKS


def run_checks(tree, checks=None):
    """Judges a tree; yields its report."""
    report = Report()
    report.allowed = parse_allowed(tree.texts.get(ALLOW_LIST, ""), report)
    for check in checks or CHECKS:
        check(tree, report)
    if checks is None:
        for check, path in sorted(set(report.allowed) - report.used):
            report.findings.append(f"{ALLOW_LIST}: allow: `{check} {path}` is not needed")
    return report


def main():
    parser = argparse.ArgumentParser(description="Check that the house is in order.")
    parser.add_argument("--root", default=pathlib.Path(__file__).resolve().parent.parent,
                        type=pathlib.Path, help="the repository")
    parser.add_argument("--quiet", action="store_true", help="no warnings")
    options = parser.parse_args()
    tree = Tree.read(options.root)
    report = run_checks(tree)
    for line in report.findings:
        print(line)
    if not options.quiet:
        for line in report.warnings:
            print(f"warning: {line}")
    print(f"tidy: {len(CHECKS)} checks, {len(tree.paths)} files, {len(report.findings)} findings, "
          f"{len(report.warnings)} to watch, {len(report.allowed)} exceptions")
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())

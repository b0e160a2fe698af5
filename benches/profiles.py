#!/usr/bin/env python3
"""Compares two builds of the server in one run: by default the profile "release" with the profile "dist", which has whole-program
optimisation and takes long to build.

Both serve the demonstration from embedded SQLite, and take turns: requests a second by wrk with 8 connections for one resource
and for pages, kept answers and answers that are made anew (Cache-Control: no-cache); the medians of five rounds. Exits with 1
when the first one has less than 0.90 of the second one's rate for kept answers, or less than 0.85 of it for those made anew
(the median over the cases; each case is printed).

    benches/profiles.py [--seconds 2] [BINARY BINARY]

Needs wrk. Everything listens on loopback.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from statistics import median

from run import LIST, MEMBER, MEMBERS, ONE, ROOT, UNLIMITED, free_address, load, stop, wait_for

ROUNDS = 5
CASES = {
    "territory": ONE,
    "territories, a page": LIST,
    "member": MEMBER,
    "members, a page": MEMBERS,
    "programmes, a page": "/api/v1/action-programs?limit=20",
    "indicators, a page": "/api/v1/indicators?limit=20",
    "feed, a page": "/api/v1/changes?since=0&limit=100",
}
MODES = {"kept": ((), 0.90), "made anew": (("Cache-Control: no-cache",), 0.85)}


def built(profile):
    command = ["cargo", "build", "--profile", profile, "--locked", "--bin", "remacto", "--message-format=json"]
    output = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    found = [json.loads(line).get("executable") for line in output.splitlines()]
    return next(path for path in reversed(found) if path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=2, choices=range(1, 11), metavar="1…10", help="how long each load runs")
    parser.add_argument("binaries", nargs="*", metavar="BINARY")
    arguments = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is missing")
    if len(arguments.binaries) not in (0, 2):
        parser.error("two binaries, or none")
    binaries = [os.path.abspath(path) for path in arguments.binaries] or [built("release"), built("dist")]
    folder = tempfile.mkdtemp(prefix="remacto-bench-")
    servers = []
    try:
        for number, binary in enumerate(binaries):
            address = free_address()
            environment = {**os.environ, **UNLIMITED, "REMACTO_DATA_DIR": os.path.join(folder, str(number)), "REMACTO_BIND": address, "REMACTO_OPS_BIND": "off"}
            environment.pop("DATABASE_URL", None)
            with open(os.path.join(folder, f"{number}.log"), "wb") as log:
                process = subprocess.Popen([binary, "serve", "--demo"], env=environment, stdout=log, stderr=log)
            servers.append((address, process))
            wait_for(address, "/health/ready", process)
        rates = {(name, mode): ([], []) for name in CASES for mode in MODES}
        for _ in range(ROUNDS):
            for (name, mode), found in rates.items():
                for (address, _), taken in zip(servers, found, strict=True):
                    taken.append(load(address, CASES[name], 8, arguments.seconds, *MODES[mode][0])[0])
    finally:
        for _, process in servers:
            stop(process)
        shutil.rmtree(folder, ignore_errors=True)

    print(f"{'case':22} {'answers':10} {'first, req/s':>13} {'second, req/s':>14} {'ratio':>6}")
    ratios = {mode: [] for mode in MODES}
    for (name, mode), found in rates.items():
        first, second = map(median, found)
        ratios[mode].append(first / second)
        print(f"{name:22} {mode:10} {first:13.0f} {second:14.0f} {first / second:6.2f}")
    missed = 0
    for mode, (_, bound) in MODES.items():
        ratio = median(ratios[mode])
        missed += ratio < bound
        print(f"{'ok    ' if ratio >= bound else 'MISSED'} {mode}: {ratio:.2f} of the second one's rate (at least {bound:.2f})")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Measures the published documents in one run: this build's server, its parent's (--parent), a handler by hand that uses the same
Diesel, pool, blocking threads and statements over the table of documents, and raw actix-web that serves the same bytes.

The load is the country: 1,603 members, 3,206 programmes, 64,120 indicators, 512,960 measurements; benches/pair.py tells how both
sides get the same. With --small it is the demonstration and 1,598 members: quick, for trying the script, and not for levels.

- reads with 64 connections, made anew (past the answers that the server keeps in memory) by all four, and kept;
- pages that are kept, while ten members a second change;
- durable PATCHes of distinct members by 8 clients, with the times for which a transaction kept others from publishing;
- 1,503 members imported while somebody else writes, and the memory of the demonstration's server;
- what takes long, by a server that has just started;
- the upgrade of the parent's database while its server reads: documents a second, and the size afterwards.

Figures are medians of three rounds in which all take turns. A case of a kind that has no documents in this build is skipped, and
the script says so. Exits with 1 when a level is missed.

    benches/documents.py --parent BINARY                                                       embedded SQLite
    benches/documents.py --parent BINARY --database postgres://… --parent-database postgres://…  two empty databases instead

Needs wrk, and psql and pg_dump for PostgreSQL. Everything listens on loopback, and each load runs for --seconds (4 unless said
otherwise).
"""
import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from statistics import median

from exchange import MEMBERS_COLUMNS, Bench, Caller, communes_as_members, psql, table
from monitoring import FRESH, ROUNDS, downloaded, read_json
from pair import Served, compact, copy, downgrade, fill, patching, upgrade
from run import ROOT, build, free_address, get, load, load_with_refusals, resident_megabytes, stop, wait_for
from writes import patches

CONNECTIONS = 64
MEMBERS = "/api/v1/members?status=active,suspended&limit=50"
# The least documents whose making says how fast it is.
MANY = 10_000


@dataclass
class Read:
    """A read, and the kind whose documents it needs; the handler by hand for it; and what this build's rate shall be at least, of
    the parent's on PostgreSQL and on SQLite and, of kept answers, of the raw handler's."""
    name: str
    kind: str
    path: str
    hand: str | None
    of_parent: tuple[float, float]
    of_raw: float | None = None


READS = [
    Read("one member", "members", "/api/v1/members/{member}", "member", (2.5, 1.5), 0.85),
    Read("page of 50 members", "members", MEMBERS, "members", (4, 4), 0.85),
    Read("500 changes of members", "members", "/api/v1/changes?resource=members&limit=500", "changes", (4, 4)),
    Read("programme with its projects", "projects", "/api/v1/action-programs/{program}?include=projects", None, (2.5, 2.5)),
    Read("20 indicators of a programme", "indicators", "/api/v1/indicators?program={program}&limit=20", None, (2.5, 2.5)),
]
OF_HAND = 0.7
COLUMNS = ("made anew", "parent", "by hand", "kept", "raw")
# What is made when it is asked for the first time, the kind, and how much of the parent's time it may take.
LONG = [
    ("measurements as NDJSON", "measurements", "/api/v1/exports/measurements.ndjson", 0.35),
    ("digest of the measurements", "measurements", "/api/v1/changes/digest?resource=measurements", 0.35),
]
# Pages of other kinds than those that change.
OTHERS = ["/api/v1/action-programs?limit=50", "/api/v1/territories?limit=50"]
# Two threads with 4 connections each never write the same members.
PATCHES = """
local slugs = {%s}
local threads = 0
function setup(thread) thread:set("place", threads) threads = threads + 1 end
local number = 0
function request()
  local at = number * 2 + place
  number = number + 1
  local body = '{"website": "https://x.example/%s/' .. at .. '"}'
  return wrk.format("PATCH", "/api/v1/members/" .. slugs[at %% #slugs + 1], nil, body)
end
"""
PATCHED = 400


class Levels:
    """What was measured against a level, and what was not."""

    def __init__(self):
        self.checks, self.skipped = [], []

    def least(self, name, value, bound):
        self.checks.append((name, value, f"at least {bound:,}", value >= bound))

    def most(self, name, value, bound):
        self.checks.append((name, value, f"at most {bound:,}", value <= bound))

    def skip(self, name, why):
        self.skipped.append((name, why))

    def told(self):
        """Prints all of them, and returns whether none is missed."""
        print()
        for name, value, bound, holds in self.checks:
            print(f"{'ok    ' if holds else 'MISSED'} {name}: {value:,.2f} ({bound})")
        for name, why in self.skipped:
            print(f"skipped {name}: {why}")
        return all(holds for *_, holds in self.checks)


@contextmanager
def beside(command):
    """Another process that serves something; its address."""
    address = free_address()
    process = subprocess.Popen([*command, "--bind", address], stderr=subprocess.DEVNULL)
    try:
        wait_for(address, "/", process)
        yield address
    finally:
        stop(process)


def ids(body):
    answer = json.loads(body)
    rows = answer["data"] if isinstance(answer.get("data"), list) else [answer]
    return [row["id"] for row in rows]


def rest_of(body):
    """What an answer says beside documents and frame, as the handler by hand appends it."""
    answer = json.loads(body)
    names = {"included", "attributions"} if "data" not in answer else answer.keys() - {"data", "page", "sequence"}
    return "".join(f",{json.dumps(name)}:{json.dumps(value, ensure_ascii=False, separators=(',', ':'))}"
                   for name, value in answer.items() if name in names)


def measure_read(read, path, own, parent, baselines, folder, seconds):
    """Requests a second by who answers."""
    body = get(own.address, path)
    file = os.path.join(folder, "body")
    with open(file, "wb") as out:
        out.write(body)
    hand = [baselines, "documents", "--database", own.file, "--answer", read.hand or "", "--slug", path.rsplit("/", 1)[1],
            "--rest", rest_of(body), "--connections", "8" if own.database else str(os.cpu_count())]
    with beside([baselines, "raw", "--file", file]) as raw, beside(hand if read.hand else [baselines, "raw", "--file", file]) as by_hand:
        found = {"parent": get(parent.address, path), **({"by hand": get(by_hand, "/")} if read.hand else {})}
        for name, other in found.items():
            if ids(other) != ids(body):
                sys.exit(f"{path}: the answer of {name} has other rows")
        sizes = ", ".join(f"{name} {len(other):,}" for name, other in found.items())
        print(f"{read.name}: {len(body):,} bytes, {sizes}", flush=True)
        targets = {"made anew": (own.address, path, FRESH), "parent": (parent.address, path, FRESH), "raw": (raw, "/"),
                   **({"kept": (own.address, path)} if read.of_raw else {}), **({"by hand": (by_hand, "/")} if read.hand else {})}
        rates = {name: [] for name in targets}
        for _ in range(ROUNDS):
            for name, (address, target, *headers) in targets.items():
                load(address, target, 2, 1, *headers)
                rates[name].append(load(address, target, CONNECTIONS, seconds, *headers)[0])
    return {name: median(found) for name, found in rates.items()}


def measure_reads(levels, own, parent, baselines, folder, seconds):
    kinds = set(own.ask("SELECT kind FROM published_kind"))
    programs = read_json(own, "/api/v1/action-programs?stage=closed&limit=1")["data"] or read_json(own, "/api/v1/action-programs?limit=1")["data"]
    names = {"member": read_json(own, MEMBERS)["data"][0]["slug"], "program": programs[0]["slug"]}
    lines = [f"{'':30} {' '.join(f'{name:>10}' for name in COLUMNS)}"]
    for read in READS:
        if read.kind not in kinds:
            levels.skip(read.name, f"{read.kind} have no documents")
            continue
        rates = measure_read(read, read.path.format(**names), own, parent, baselines, folder, seconds)
        told = [f"{rates[name]:10,.0f}" if name in rates else f"{'–':>10}" for name in COLUMNS]
        lines.append(f"{read.name:30} {' '.join(told)}")
        if read.hand:
            levels.least(f"{read.name}, of the handler by hand", rates["made anew"] / rates["by hand"], OF_HAND)
        levels.least(f"{read.name}, of the parent", rates["made anew"] / rates["parent"], read.of_parent[0 if own.database else 1])
        if read.of_raw:
            levels.least(f"{read.name}, kept, of raw", rates["kept"] / rates["raw"], read.of_raw)
    print("\n".join(lines), flush=True)


def measure_kept_meanwhile(levels, own, seconds):
    slugs = [member["slug"] for member in read_json(own, "/api/v1/members?status=active&limit=200")["data"]]
    rates = {path: ([], []) for path in (MEMBERS, *OTHERS)}
    written, refusals = [], {path: 0 for path in rates}
    for _ in range(ROUNDS):
        for path, (quiet, meanwhile) in rates.items():
            get(own.address, path)
            quiet.append(load_with_refusals(own.address, path, CONNECTIONS, seconds)[0])
            caller = own.caller()
            with closing(caller.connection), patching(caller, slugs, 0.1) as writes:
                rate, _, refused = load_with_refusals(own.address, path, CONNECTIONS, seconds)
                meanwhile.append(rate)
                refusals[path] = max(refusals[path], refused)
            written.append(len(writes.times) / writes.seconds)
    if min(written) < 8:
        sys.exit(f"only {min(written):.1f} members a second changed")
    for path, found in rates.items():
        quiet, meanwhile = map(median, found)
        print(f"{path}: {quiet:,.0f} a second kept, {meanwhile:,.0f} while {median(written):.1f} members a second change", flush=True)
        levels.least(f"{path} while members change, of kept", meanwhile / quiet, 0.5 if path == MEMBERS else 0.9)
        levels.most(f"{path} while members change, share of errors", refusals[path], 0)


def lock_times(before, after):
    """A line that says how long transactions kept others from publishing, between two readings of the histogram."""
    counts = {bound: count - before[0].get(bound, 0) for bound, count in after[0].items()}
    total = counts.get("+Inf", 0)
    if not total:
        sys.exit("no transaction published anything")
    parts, below = [], 0
    for bound, count in counts.items():
        if count > below:
            limit = "more" if bound == "+Inf" else f"≤ {float(bound) * 1_000:g} ms"
            parts.append(f"{limit} {100 * (count - below) / total:.1f} %")
        below = count
    return f"under the lock, {total:,} transactions, {(after[1] - before[1]) / total * 1_000:.2f} ms on average: {', '.join(parts)}"


def measure_patches(levels, own, parent, folder, seconds):
    script, found = os.path.join(folder, "patches.lua"), {"own": [], "parent": []}
    slugs = []
    while len(slugs) < PATCHED:
        cursor = f"&cursor={page['page']['next_cursor']}" if slugs else ""
        page = read_json(own, f"/api/v1/members?status=active&limit=200{cursor}")
        slugs += [member["slug"] for member in page["data"]]
    slugs = ", ".join(f'"{slug}"' for slug in slugs[:PATCHED])
    before = own.lock_times()
    for turn in range(ROUNDS + 1):
        with open(script, "w", encoding="utf-8") as file:
            file.write(PATCHES % (slugs, turn))
        for name, server in (("own", own), ("parent", parent)):
            caller = server.caller()
            caller.connection.close()
            found[name].append(patches(server.address, caller.headers["Authorization"], script, seconds if turn else 1))
    # The first round warms both up.
    rates = {name: median(rate for rate, _ in taken[1:]) for name, taken in found.items()}
    print(f"PATCH by 8 clients: {rates['own']:,.0f} a second, p99 {found['own'][-1][1]}; parent {rates['parent']:,.0f}, p99 {found['parent'][-1][1]}")
    print(lock_times(before, own.lock_times()), flush=True)
    levels.least("PATCH by 8 clients, of the parent", rates["own"] / rates["parent"], 0.6)


def measure_import(levels, benches):
    """Imports into a database with eight institutions, by both in turns, while somebody else writes to those."""
    count, rows = communes_as_members()
    with open(os.path.join(ROOT, "data/territories/communes.csv"), encoding="utf-8", newline="") as file:
        seats = list(islice(csv.DictReader(file), 8))
    institutions = table(MEMBERS_COLUMNS, [("institution", seat["code"], seat["name_fr"], seat["name_ar"], "active", "2024") for seat in seats])
    times, waits, resident = {name: [] for name in benches}, {name: [] for name in benches}, {}
    for name, bench in benches.items():
        with bench.serving(demo=True):
            resident[name] = resident_megabytes(bench.process.pid)
    for _ in range(ROUNDS):
        for name, bench in benches.items():
            with bench.serving() as caller:
                caller.imported("members", False, institutions, ("created",))
                slugs = [member["slug"] for member in caller.timed("GET", "/api/v1/members?kind=institution&limit=50")[1]["data"]]
                other = Caller(f"{caller.connection.host}:{caller.connection.port}", bench.credentials)
                with closing(other.connection), patching(other, slugs, 0.02) as writes:
                    elapsed, found = caller.imported("members", False, rows, ("created", "updated"))
                if found != count:
                    sys.exit(f"{found} rows were read, not {count}")
                times[name].append(elapsed)
                waits[name].append(writes.p99())
    for bench in benches.values():
        bench.empty()
    own, parent = median(times["own"]), median(times["parent"])
    print(f"1,503 members imported: {own:,.0f} ms, parent {parent:,.0f} ms; p99 of others' writes meanwhile "
          f"{median(waits['own']):,.0f} ms, parent {median(waits['parent']):,.0f} ms")
    print(f"resident with the demonstration: {resident['own']:.0f} MB, parent {resident['parent']:.0f} MB", flush=True)
    levels.most("1,503 members imported, times the parent's", own / parent, 2.5)
    levels.most("p99 of others' writes meanwhile, ms", median(waits["own"]), 1_000)
    levels.most("resident with the demonstration, MB", resident["own"], 80)


def measure_long(levels, own, parent):
    kinds = set(own.ask("SELECT kind FROM published_kind"))
    for name, kind, path, bound in LONG:
        if kind not in kinds:
            levels.skip(name, f"{kind} have no documents")
            continue
        times = {own: [], parent: []}
        for _ in range(ROUNDS):
            for server, taken in times.items():
                server.again()
                taken.append(downloaded(server.address, path)[0])
        took, of_parent = map(median, times.values())
        print(f"{name}: {took:.2f} s, parent {of_parent:.2f} s", flush=True)
        levels.most(f"{name}, times the parent's", took / of_parent, bound)


def measure_upgrade(levels, own, old, parent):
    """Makes the documents, and compacts both databases."""
    documents, seconds, log, p99 = upgrade(own, old)
    print(f"first reindex: {documents:,} documents in {seconds:.1f} s while the parent reads, p99 {p99:.0f} ms; log {log:.0f} MB", flush=True)
    if documents >= MANY:
        levels.least("first reindex, documents a second", documents / seconds, 10_000)
    else:
        levels.skip("first reindex", f"{documents:,} documents are too few")
    if not own.database:
        levels.most("SQLite's log in the first reindex, MB", log, 256)
    size, before = compact(own), compact(parent)
    print(f"size: {size:,.0f} MB, parent {before:,.0f} MB", flush=True)
    levels.most("size, times the parent's", size / before, 2.2)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parent", required=True, metavar="BINARY", help="the parent's server, built in the same profile (release)")
    parser.add_argument("--database", help="URL of an empty PostgreSQL database")
    parser.add_argument("--parent-database", help="URL of another one, for the parent")
    parser.add_argument("--small", action="store_true", help="the demonstration and 1,598 members instead of the country")
    parser.add_argument("--seconds", type=int, default=4, choices=range(3, 31), metavar="3…30", help="how long each load runs")
    parser.add_argument("--built", nargs=2, metavar=("SERVER", "BASELINES"), help="what was built already, instead of building it")
    found = parser.parse_args()
    if bool(found.database) != bool(found.parent_database):
        sys.exit("--database and --parent-database go together")
    for tool in ["wrk", "psql", "pg_dump"] if found.database else ["wrk"]:
        if not shutil.which(tool):
            sys.exit(f"{tool} is missing")
    return found


def main():
    given = arguments()
    server_binary, baselines = given.built or build()
    parent_binary = os.path.abspath(given.parent)
    folder = tempfile.mkdtemp(prefix="remacto-bench-")
    levels, servers = Levels(), []
    try:
        keys = subprocess.run([server_binary, "key", "create"], check=True, capture_output=True, text=True).stdout

        def served(binary, name, database):
            servers.append(Served(binary, folder, name, database, keys, flags=["--demo"] if given.small else []))
            return servers[-1]

        def bench(binary, name, database):
            os.makedirs(os.path.join(folder, name))
            return Bench(binary, os.path.join(folder, name), database)

        own, parent = served(server_binary, "own", given.database), served(parent_binary, "parent", given.parent_database)
        old = served(parent_binary, "own", given.database)
        sides = [bench(server_binary, "import", given.database), bench(parent_binary, "import-parent", given.parent_database)]
        for side in sides:
            if side.database and psql(side.database, "SELECT 1 FROM pg_class WHERE relnamespace = 'public'::regnamespace LIMIT 1;"):
                sys.exit("a database is not empty")
        measure_import(levels, dict(zip(("own", "parent"), sides, strict=True)))
        print(fill(own, baselines, given.small), flush=True)
        print(f"undone for the parent: {', '.join(downgrade(own, parent_binary)) or 'no migration'}", flush=True)
        old.create_account()
        own.credentials = parent.credentials = old.credentials
        copy(own, parent)
        measure_upgrade(levels, own, old, parent)
        own.start()
        parent.start()
        measure_reads(levels, own, parent, baselines, folder, given.seconds)
        measure_kept_meanwhile(levels, own, given.seconds)
        measure_patches(levels, own, parent, folder, given.seconds)
        measure_long(levels, own, parent)
    finally:
        for server in servers:
            server.kill()
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(0 if levels.told() else 1)


if __name__ == "__main__":
    main()

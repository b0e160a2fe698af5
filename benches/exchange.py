#!/usr/bin/env python3
"""Measures the exchange with others in one run: imports, the feed of changes and digests.

- 1,503 communes as members in one request, as a dry run and for real, each in a fresh database; on PostgreSQL beside
  psql that copies the same file into a staging table and inserts it from there into a table like that of the members;
- 100,000 made-up territories that are all there already, as a dry run by a server that has just started: rows a second,
  and how much memory the request takes at its peak;
- a page of 500 changes of the same members near number 1,000 and near number 1,000,000;
- the digest of 1,598 members after a change, and unchanged.

Exits with 1 when a level is missed.

    benches/exchange.py                              embedded SQLite
    benches/exchange.py --database postgres://…      an empty PostgreSQL database instead, emptied between measurements

Everything listens on loopback. PostgreSQL needs psql.
"""
import argparse
import csv
import http.client
import io
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from statistics import median

from run import FULL_SIZE, MEMBER, ROOT, UNLIMITED, build, free_address, resident_megabytes, stop, wait_for
from writes import token

MEMBERS_COLUMNS = ("kind", "territory_code", "name_fr", "name_ar", "status", "joined_on")
TERRITORIES_COLUMNS = (
    "code", "kind", "area_type", "parent_code", "region_code", "name_fr", "name_ar", "population_2024",
    "households_2024",
)
ROUNDS = 3
SYNTHETIC = 100_000
PAGE = 500
SHALLOW = 1_000
DEEP = 1_000_000

STAGING = """
CREATE TABLE bench_staging (kind text, territory_code text, name_fr text, name_ar text, status text, joined_on text);
CREATE TABLE bench_member (LIKE member INCLUDING ALL);
"""
ROUND = r"""
TRUNCATE bench_staging, bench_member;
\timing on
\copy bench_staging FROM '%s' WITH (FORMAT csv, HEADER)
INSERT INTO bench_member (id, version, created_at, updated_at, slug, kind, territory_code, territory_kind, name_fr,
    name_ar, name_fr_folded, name_ar_folded, search_text, status, joined_on, joined_on_precision, joined_on_key,
    provenance, source)
SELECT gen_random_uuid()::text, 1, now(), now(), 'commune-' || territory_code, kind, territory_code, 'commune', name_fr,
    name_ar, lower(name_fr), name_ar, lower(name_fr) || ' ' || name_ar, status, (joined_on || '-01-01')::date, 'year',
    joined_on || '-01-01', 'import:bench', 'bench'
FROM bench_staging
ON CONFLICT (territory_code, kind) DO UPDATE SET version = bench_member.version + 1, updated_at = excluded.updated_at,
    name_fr = excluded.name_fr, name_ar = excluded.name_ar, name_fr_folded = excluded.name_fr_folded,
    name_ar_folded = excluded.name_ar_folded, search_text = excluded.search_text, status = excluded.status,
    joined_on = excluded.joined_on, joined_on_precision = excluded.joined_on_precision,
    joined_on_key = excluded.joined_on_key, provenance = excluded.provenance, source = excluded.source;
\timing off
"""

# A feed of the members in turn, so that pages that are a multiple of their number apart are of the same members.
NUMBERED = """
CREATE TEMPORARY TABLE numbered (place INTEGER PRIMARY KEY, id TEXT, stamp %s);
INSERT INTO numbered SELECT row_number() OVER (ORDER BY id) - 1, id, updated_at FROM member;
DELETE FROM change_entry;
INSERT INTO change_entry (sequence, resource, resource_id, op, version, changed_at)
"""
FEED = {
    "sqlite": NUMBERED % "TEXT" + """
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {last})
SELECT n, 'members', id, 'updated', 1, stamp FROM numbers JOIN numbered ON place = n % {members};
UPDATE sequence_counter SET value = {last}, publications = publications + 1;
ANALYZE;
""",
    "postgres": NUMBERED % "TIMESTAMP" + """
SELECT n, 'members', id, 'updated', 1, stamp FROM generate_series(1, {last}) AS numbers (n)
JOIN numbered ON place = n % {members};
UPDATE sequence_counter SET value = {last}, publications = publications + 1;
VACUUM ANALYZE change_entry;
""",
}


def table(columns, rows):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode()


def communes_as_members():
    with open(os.path.join(ROOT, "data/territories/communes.csv"), encoding="utf-8", newline="") as file:
        communes = list(csv.DictReader(file))
    rows = [("municipality", row["code"], row["name_fr"], row["name_ar"], "active", "2024") for row in communes]
    return len(rows), table(MEMBERS_COLUMNS, rows)


def synthetic_territories():
    def row(number):
        code = f"01.9{number // 10_000:02}.{number // 100 % 100:02}.{number % 100:02}"
        names = f"Commune d'essai {number}", f"جماعة تجريبية {number}"
        return code, "commune", "rural", "01.051", "01", *names, 1_000 + number, 200 + number

    return table(TERRITORIES_COLUMNS, map(row, range(SYNTHETIC)))


def psql(database, script):
    command = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--file=-"]
    done = subprocess.run([*command, database], input=script, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"psql: {done.stderr}")
    return done.stdout


class Caller:
    """One connection that is kept open, as an account that may import."""

    def __init__(self, address, credentials):
        self.connection = http.client.HTTPConnection(address, timeout=600)
        self.headers = {"Authorization": f"Bearer {token(address, credentials)}"}

    def timed(self, method, path, body=None, **headers):
        """The milliseconds until the whole answer is there, and the answer."""
        all_headers = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        started = time.perf_counter()
        self.connection.request(method, path, body, all_headers)
        answer = self.connection.getresponse()
        content = answer.read()
        elapsed = (time.perf_counter() - started) * 1_000
        if answer.status not in (200, 201):
            sys.exit(f"{method} {path}: {answer.status} {content.decode()[:2000]}")
        return elapsed, json.loads(content)

    def imported(self, resource, dry_run, rows, expected):
        """The milliseconds of an import whose rows must all end as one of the expected."""
        path = f"/api/v1/imports?resource={resource}&mode=upsert&dry_run={str(dry_run).lower()}"
        elapsed, report = self.timed("POST", path, rows, Content_Type="text/csv")
        counts = report["counts"]
        if report["dry_run"] != dry_run or sum(counts[name] for name in expected) != counts["rows"]:
            sys.exit(f"not the import that was meant: {json.dumps(report, ensure_ascii=False)[:2000]}")
        return elapsed, counts["rows"]


class Bench:
    """A server over a database that can be made anew."""

    def __init__(self, binary, folder, database):
        self.binary, self.folder, self.database = binary, folder, database
        key = subprocess.run([binary, "key", "create"], check=True, capture_output=True, text=True).stdout
        self.environment = {**os.environ, **UNLIMITED, "REMACTO_OPS_BIND": "off", "REMACTO_SIGNING_KEYS": key}
        self.environment.pop("DATABASE_URL", None)
        if database:
            self.environment["DATABASE_URL"] = database
        self.environment["REMACTO_DATA_DIR"] = os.path.join(folder, "data")
        self.file = database or os.path.join(folder, "data", "remacto.db")
        self.process = None

    def empty(self):
        """Forgets everything."""
        shutil.rmtree(self.environment["REMACTO_DATA_DIR"], ignore_errors=True)
        if self.database:
            psql(self.database, "SET client_min_messages = warning; DROP SCHEMA public CASCADE; CREATE SCHEMA public;")

    def create_account(self):
        command = [self.binary, "client", "create", "--name", "bench", "--role", "secretariat"]
        printed = subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True).stdout
        self.credentials = dict(line.split("=", 1) for line in printed.splitlines())

    @contextmanager
    def serving(self, fresh=True, demo=False):
        if fresh:
            self.empty()
        address = free_address()
        command = [self.binary, "serve", *(["--demo"] if demo else [])]
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen(command, env={**self.environment, "REMACTO_BIND": address}, stdout=log, stderr=log)
        try:
            wait_for(address, "/health/ready", self.process)
            if fresh:
                self.create_account()
            caller = Caller(address, self.credentials)
            with closing(caller.connection):
                yield caller
        finally:
            stop(self.process)


def peak_growth(pid):
    """A function that tells by how many megabytes the process grew at most since now."""
    with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as file:
        file.write("5")
    before = resident_megabytes(pid)

    def growth():
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmHWM:\s+(\d+) kB", status.read())[1]) / 1024 - before

    return growth


def measure_members(bench):
    """The milliseconds of a dry run, of a real run, and of COPY and INSERT (on PostgreSQL)."""
    count, rows = communes_as_members()
    times = {True: [], False: []}
    for _ in range(ROUNDS):
        for dry_run in times:
            with bench.serving() as caller:
                elapsed, found = caller.imported("members", dry_run, rows, ("created", "updated", "unchanged"))
            if found != count:
                sys.exit(f"{found} rows were read, not {count}")
            times[dry_run].append(elapsed)
    bare = None
    if bench.database:
        path = os.path.join(bench.folder, "members.csv")
        with open(path, "wb") as file:
            file.write(rows)
        told = psql(bench.database, STAGING + (ROUND % path) * 6 + "DROP TABLE bench_staging, bench_member;")
        steps = [float(step) for step in re.findall(r"^Time: ([\d.]+) ms", told, re.MULTILINE)]
        # The first round warms the connection up.
        bare = median(copy + insert for copy, insert in list(zip(steps[::2], steps[1::2], strict=True))[1:])
    return median(times[True]), median(times[False]), bare


def measure_synthetic(bench):
    """Rows a second of the real import, of the dry run of the same, and the latter's growth in megabytes."""
    rows = synthetic_territories()
    with bench.serving() as caller:
        first, _ = caller.imported("territories", False, rows, ("created",))
    with bench.serving(fresh=False) as caller:
        caller.timed("GET", "/api/v1/territories?limit=200")
        growth = peak_growth(bench.process.pid)
        second, found = caller.imported("territories", True, rows, ("unchanged",))
        memory = growth()
    if found != SYNTHETIC:
        sys.exit(f"{found} rows were read, not {SYNTHETIC}")
    return SYNTHETIC / first * 1_000, SYNTHETIC / second * 1_000, memory


def measure_digest(bench, baselines):
    """The milliseconds of the members' digest after a change, and unchanged. Leaves a full network behind."""
    path = "/api/v1/changes/digest?resource=members&profile=mirror"
    changed = []
    with bench.serving(demo=True) as caller:
        subprocess.run([baselines, "fill", "--database", bench.file], check=True, capture_output=True)
        for turn in range(11):
            patch = json.dumps({"website": f"https://x.example/{turn}"})
            caller.timed("PATCH", MEMBER, patch, If_Match="*", Content_Type="application/merge-patch+json")
            elapsed, digest = caller.timed("GET", path)
            changed.append(elapsed)
        if digest["count"] != FULL_SIZE:
            sys.exit(f"the network has {digest['count']} members, not {FULL_SIZE}")
        unchanged = [caller.timed("GET", path)[0] for _ in range(50)]
    return median(changed), median(unchanged)


def measure_pages(bench):
    """The milliseconds of a page near the beginning of a long feed, and near its end."""
    size = {"last": DEEP + PAGE, "members": FULL_SIZE}
    if bench.database:
        psql(bench.database, FEED["postgres"].format(**size))
    else:
        with closing(sqlite3.connect(bench.file)) as connection:
            connection.executescript("BEGIN;" + FEED["sqlite"].format(**size) + "COMMIT;")
    deep = SHALLOW + (DEEP - SHALLOW) // FULL_SIZE * FULL_SIZE
    times = {SHALLOW: [], deep: []}
    with bench.serving(fresh=False, demo=True) as caller:
        for _ in range(210):
            for since, taken in times.items():
                elapsed, page = caller.timed("GET", f"/api/v1/changes?since={since}&limit={PAGE}")
                if len(page["data"]) != PAGE or page["data"][0]["sequence"] != since + 1 or not page["data"][0]["data"]:
                    sys.exit(f"not the page that was meant: {json.dumps(page)[:500]}")
                taken.append(elapsed)
    # The first ten warm the server up.
    return [median(taken[10:]) for taken in times.values()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", help="URL of an empty PostgreSQL database")
    arguments = parser.parse_args()
    if arguments.database:
        if not shutil.which("psql"):
            sys.exit("psql is missing")
        if psql(arguments.database, "SELECT 1 FROM pg_class WHERE relnamespace = 'public'::regnamespace LIMIT 1;"):
            sys.exit("the database is not empty")
    server_binary, baselines = build()
    folder = tempfile.mkdtemp(prefix="remacto-bench-")
    try:
        bench = Bench(server_binary, folder, arguments.database)
        dry_run, real_run, bare = measure_members(bench)
        first, second, memory = measure_synthetic(bench)
        changed, unchanged = measure_digest(bench, baselines)
        shallow, deep = measure_pages(bench)
    finally:
        shutil.rmtree(folder, ignore_errors=True)

    figures = [
        ("1,503 members, dry run, ms", dry_run),
        ("1,503 members, real run, ms", real_run),
        *([("1,503 members, COPY and INSERT, ms", bare)] if bare else []),
        ("100,000 territories, real run, rows a second", first),
        ("100,000 territories, unchanged, dry run, rows a second", second),
        ("500 changes near number 1,000, ms", shallow),
        ("500 changes near number 1,000,000, ms", deep),
    ]
    for name, value in figures:
        print(f"{name:56} {value:10.2f}")
    checks = [("rows a second, unchanged", second, 15_000, True), ("growth of memory, MB", memory, 64, False)]
    if bare:
        checks.append(("members, dry run over COPY and INSERT", dry_run / bare, 12, False))
        checks.append(("members, real run over COPY and INSERT", real_run / bare, 12, False))
    checks += [
        ("changes, deep page over shallow page", deep / shallow, 1.3, False),
        ("digest after a change, ms", changed, 50, False),
        ("digest unchanged, ms", unchanged, 2, False),
    ]
    missed = 0
    print()
    for name, value, bound, at_least in checks:
        holds = value >= bound if at_least else value <= bound
        missed += not holds
        bound = f"{'at least' if at_least else 'at most'} {bound:,}"
        print(f"{'ok    ' if holds else 'MISSED'} {name}: {value:.2f} ({bound})")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Measures monitoring in one run, side by side: 64,120 indicators with 512,960 measurements beside the demonstration.

- a programme's 20 indicators with their latest values, targets and progress, made anew (past the answers that the server keeps
  in memory): in the country beside a programme of the demonstration that has been given as many;
- the export of all public measurements by a server that has just started: rows a second until the whole CSV file is there, on
  PostgreSQL beside psql's \\copy of the same SELECT, and how much memory it takes; the file again, beside a raw handler that
  serves the same bytes from memory;
- reports for a period by 8 clients with everything that belongs to them (the account's row, the indicator's lock, audit),
  durable, beside the same statements by a bare Diesel loop of 8 threads with the same serialisation;
- 100,000 measurements in one request, as a dry run and for real, and again.

For what no level is set (the figures of the network, its scorecard, lists by filters) the time of one answer is printed. Exits
with 1 when a level is missed.

    benches/monitoring.py                                              embedded SQLite
    benches/monitoring.py --database postgres://… --demo postgres://…  two empty PostgreSQL databases instead

Needs wrk, and psql for PostgreSQL. Everything listens on loopback, and each load runs for --seconds (4 unless said otherwise).
"""
import argparse
import http.client
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from statistics import median

from exchange import Caller, peak_growth, psql, table
from run import UNLIMITED, build, free_address, get, load, stop, wait_for

FRESH = "Cache-Control: no-cache"
INDICATORS = "/api/v1/indicators?"
EACH = 20
ROUNDS = 3
IMPORTED = 100_000
QUARTERS = [f"{year}-Q{quarter}" for year in (2001, 2002) for quarter in range(1, 5)]
EXPORT = "/api/v1/exports/measurements.csv"
GIGABIT = 125
UNBOUNDED = [
    "/api/v1/network/indicators", "/api/v1/network/scorecard", "/api/v1/members/{member}/scorecard",
    "/api/v1/indicators?scope=programme", "/api/v1/indicators?member={member}", "/api/v1/indicators?region={region}",
    "/api/v1/measurements?member={member}", "/api/v1/measurements?period=2025-Q1", "/api/v1/measurements?updated_since=2020-01-01",
]
COPY = r"""
\timing on
\copy (SELECT m.*, i.slug, i.is_public, i.region_code, b.slug FROM measurement m JOIN indicator i ON i.id = m.indicator_id LEFT JOIN member b ON b.id = m.member_id WHERE m.is_public ORDER BY m.id) TO '%s' WITH (FORMAT csv, HEADER)
"""
NUMBERS = "SELECT slug FROM indicator WHERE kind = 'number' AND frequency = 'quarterly' AND is_public = {true} ORDER BY id LIMIT {most}"

# Each for an indicator and a quarter from 1900 on that have no report yet: threads take turns.
REPORTS = """
local slugs = {%s}
local threads = 0
function setup(thread) thread:set("place", threads) threads = threads + 1 end
local number = %d
function request()
  local at = number * 2 + place
  number = number + 1
  local quarter = math.floor(at / #slugs)
  local period = string.format("%%d-Q%%d", 1900 + math.floor(quarter / 4), quarter %% 4 + 1)
  local body = string.format('{"indicator": "%%s", "period": "%%s", "value": 12, "submit": true}', slugs[at %% #slugs + 1], period)
  return wrk.format("POST", "/api/v1/measurements", nil, body)
end
"""
MOST_REPORTS = 20_000


class Server:
    """A server over a database of its own."""

    def __init__(self, binary, folder, name, database, keys):
        self.binary, self.database, self.log = binary, database, os.path.join(folder, f"{name}.log")
        home = os.path.join(folder, name)
        self.environment = {**os.environ, **UNLIMITED, "REMACTO_DATA_DIR": home, "REMACTO_OPS_BIND": "off",
                            "REMACTO_SIGNING_KEYS": keys, "REMACTO_EXPORT_DIR": os.path.join(folder, f"{name}-exports")}
        self.environment.pop("DATABASE_URL", None)
        if database:
            self.environment["DATABASE_URL"] = database
        self.file = database or os.path.join(home, "remacto.db")
        self.process = None

    def start(self, *flags):
        self.address = free_address()
        with open(self.log, "ab") as log:
            environment = {**self.environment, "REMACTO_BIND": self.address}
            self.process = subprocess.Popen([self.binary, "serve", *flags], env=environment, stderr=log, stdout=log)
        wait_for(self.address, "/health/ready", self.process)

    def again(self):
        stop(self.process)
        self.start()

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def read_json(server, path):
    return json.loads(get(server.address, path))


def program_with_indicators(server):
    """A published programme of which twenty indicators and more are public."""
    cursor = ""
    while True:
        page = read_json(server, f"/api/v1/action-programs?limit=200{cursor}")
        for program in page["data"]:
            if read_json(server, f"{INDICATORS}program={program['slug']}&limit=1&count=exact")["page"]["total"] >= EACH:
                return program
        cursor = f"&cursor={page['page']['next_cursor']}"


def measure_list(servers, seconds):
    """Requests a second for a programme's twenty indicators, by server, in rounds of turns."""
    urls = {}
    for name, server in servers.items():
        url = f"{INDICATORS}program={program_with_indicators(server)['slug']}&limit={EACH}"
        rows = read_json(server, url)["data"]
        if len(rows) != EACH or any(row["computed"]["latest_value"] is None for row in rows):
            sys.exit(f"{url} has not {EACH} indicators with values")
        urls[name] = url
    rates = {name: [] for name in servers}
    for _ in range(ROUNDS):
        for name, server in servers.items():
            rates[name].append(load(server.address, urls[name], 4, seconds, FRESH)[0])
    return {name: median(found) for name, found in rates.items()}


def downloaded(address, path):
    """How many seconds until a file is there, its bytes and its lines."""
    connection = http.client.HTTPConnection(address, timeout=300)
    with closing(connection):
        started = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        if answer.status != 200:
            sys.exit(f"{path}: {answer.status}")
        size = lines = 0
        while piece := answer.read(1 << 20):
            size += len(piece)
            lines += piece.count(b"\n")
        return time.perf_counter() - started, size, lines


def measure_export(country, folder, baselines):
    """Seconds of the export when it is made, of \\copy (on PostgreSQL), rows, growth of memory, and MB a second afterwards, by a raw handler as well."""
    made, copied, growths, rows = [], [], [], 0
    copy = os.path.join(folder, "copy.csv")
    for _ in range(ROUNDS):
        country.again()
        get(country.address, f"{INDICATORS}limit=1")
        growth = peak_growth(country.process.pid)
        seconds, _, lines = downloaded(country.address, EXPORT)
        made.append(seconds)
        growths.append(growth())
        rows = lines - 1
        if country.database:
            told = psql(country.database, COPY % copy)
            copied.append(float(re.search(r"^Time: ([\d.]+) ms", told, re.MULTILINE)[1]) / 1_000)
            os.remove(copy)
    kept = os.path.join(folder, "export.csv")
    with open(kept, "wb") as file:
        file.write(get(country.address, EXPORT))
    address = free_address()
    raw = subprocess.Popen([baselines, "raw", "--bind", address, "--file", kept], stderr=subprocess.DEVNULL)
    try:
        wait_for(address, "/", raw)
        speeds = {"server": [], "raw": []}
        for _ in range(ROUNDS):
            for name, where in (("server", country.address), ("raw", address)):
                seconds, size, _ = downloaded(where, EXPORT)
                speeds[name].append(size / seconds / 1_000_000)
    finally:
        stop(raw)
        os.remove(kept)
    return median(made), median(copied) if copied else None, rows, max(growths), median(speeds["server"]), median(speeds["raw"])


def numbers(country, most):
    """Slugs of quarterly indicators whose values are numbers."""
    if country.database:
        return psql(country.database, NUMBERS.format(true="true", most=most) + ";").split()
    with closing(sqlite3.connect(country.file)) as connection:
        return [slug for slug, in connection.execute(NUMBERS.format(true="1", most=most))]


def measure_reports(country, caller, credentials, slugs, folder, baselines, seconds):
    """Reports a second by 8 clients, and of the bare loop."""
    script = os.path.join(folder, "reports.lua")
    headers = [f"Authorization: {caller.headers['Authorization']}", "Content-Type: application/json"]

    def reported(turn, seconds):
        with open(script, "w", encoding="utf-8") as file:
            file.write(REPORTS % (", ".join(f'"{slug}"' for slug in slugs), turn * MOST_REPORTS))
        command = ["wrk", "-t2", "-c8", f"-d{seconds}s", "--latency", "-s", script]
        command += [f"-H{header}" for header in headers] + [f"http://{country.address}/"]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        if "Non-2xx" in text or "Socket errors" in text:
            sys.exit(f"the load met errors:\n{text}")
        return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])

    def bare(turn):
        command = [baselines, "report", "--database", country.file, "--account", credentials["client_id"], "--seconds", str(seconds), "--start", str(turn * 2 * MOST_REPORTS)]
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    reported(0, 1)
    rounds = [(reported(turn, seconds), bare(turn)) for turn in range(1, ROUNDS + 1)]
    return median(own for own, _ in rounds), median(loop for _, loop in rounds)


def measure_import(country, caller, slugs):
    """Rows a second of a dry run, of the real run, and of a dry run of what is there already; and the growth of memory."""
    pairs = [(slug, period) for slug in slugs for period in QUARTERS][:IMPORTED]
    if len(pairs) < IMPORTED:
        sys.exit(f"only {len(pairs)} measurements can be imported")
    lines = [(slug, period, 12 + number % 40, f"Relevé n° {number}", "submitted") for number, (slug, period) in enumerate(pairs)]
    rows = table(("indicator", "period", "value", "note_fr", "state"), lines)
    growth = peak_growth(country.process.pid)
    times = [caller.imported("measurements", dry_run, rows, (outcome,))[0] for dry_run, outcome in ((True, "created"), (False, "created"), (True, "unchanged"))]
    return [IMPORTED / elapsed * 1_000 for elapsed in times], growth()


def one_answer(server, path):
    """The milliseconds of an answer that is made anew, the median of five."""
    connection = http.client.HTTPConnection(server.address, timeout=60)
    times = []
    with closing(connection):
        for _ in range(5):
            started = time.perf_counter()
            connection.request("GET", path, headers={"Cache-Control": "no-cache"})
            answer = connection.getresponse()
            content = answer.read()
            times.append((time.perf_counter() - started) * 1_000)
            if answer.status != 200:
                sys.exit(f"{path}: {answer.status} {content[:500]}")
    return median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", help="URL of an empty PostgreSQL database for the country")
    parser.add_argument("--demo", help="URL of an empty PostgreSQL database for the demonstration")
    parser.add_argument("--seconds", type=int, default=4, choices=range(1, 11), metavar="1…10", help="how long each load runs")
    arguments = parser.parse_args()
    needed = ["wrk", "psql"] if arguments.database else ["wrk"]
    for tool in needed:
        if not shutil.which(tool):
            sys.exit(f"{tool} is missing")
    if bool(arguments.database) != bool(arguments.demo):
        sys.exit("--database and --demo go together")
    server_binary, baselines = build()
    folder = tempfile.mkdtemp(prefix="remacto-bench-")
    keys = subprocess.run([server_binary, "key", "create"], check=True, capture_output=True, text=True).stdout
    demo = Server(server_binary, folder, "demo", arguments.demo, keys)
    country = Server(server_binary, folder, "country", arguments.database, keys)
    try:
        demo.start("--demo")
        country.start()

        def fill(command, database, *more):
            return subprocess.run([baselines, command, "--database", database, *more], check=True, capture_output=True, text=True).stdout.strip()

        fill("fill-indicators", demo.file, "--programs", "5")
        print(f"{fill('fill-programs', country.file)} programmes and {fill('fill-indicators', country.file)} indicators in the country", flush=True)
        rates = measure_list({"demo": demo, "country": country}, arguments.seconds)
        print(f"{EACH} indicators of a programme: {rates['demo']:.0f} a second in the demonstration, {rates['country']:.0f} in the country", flush=True)
        program = program_with_indicators(country)
        for template in UNBOUNDED:
            path = template.format(member=program["member"], region=program["region_code"])
            print(f"{path:70} {one_answer(country, path):8.1f} ms", flush=True)
        made, copied, rows, growth, speed, raw = measure_export(country, folder, baselines)
        beside = f"; \\copy: {rows / copied:,.0f}" if copied else ""
        print(f"export of {rows:,} measurements: {rows / made:,.0f} rows a second when it is made{beside}; then {speed:.0f} MB a second, by a raw handler {raw:.0f}", flush=True)
        create = [server_binary, "client", "create", "--name", "bench", "--role", "secretariat"]
        printed = subprocess.run(create, env=country.environment, check=True, capture_output=True, text=True).stdout
        credentials = dict(line.split("=", 1) for line in printed.splitlines())
        caller = Caller(country.address, credentials)
        slugs = numbers(country, -(-IMPORTED // len(QUARTERS)))
        reported, bare = measure_reports(country, caller, credentials, slugs[:1_000], folder, baselines, arguments.seconds)
        print(f"reports by 8 clients: {reported:.0f} a second; bare loop: {bare:.0f}", flush=True)
        (dry_run, real_run, unchanged), held = measure_import(country, caller, slugs)
        print(f"{IMPORTED:,} measurements imported: {dry_run:,.0f} rows a second as a dry run, {real_run:,.0f} for real, {unchanged:,.0f} when they are there; {held:.0f} MB more memory at the most", flush=True)
    finally:
        demo.kill()
        country.kill()
        shutil.rmtree(folder, ignore_errors=True)

    checks = [
        ("a programme's indicators, demonstration over country", rates["demo"] / rates["country"], 1.3, False),
        ("a report, of the bare loop", reported / bare, 0.5, True),
        ("rows a second, imported", real_run, 15_000, True),
        ("rows a second, dry run", dry_run, 15_000, True),
        ("export once made, MB a second", speed, GIGABIT, True),
        ("growth of memory in the export, MB", growth, 32, False),
    ]
    if copied:
        checks.append(("export when it is made, of \\copy", copied / made, 0.3, True))
    missed = 0
    print()
    for name, value, bound, at_least in checks:
        holds = value >= bound if at_least else value <= bound
        missed += not holds
        print(f"{'ok    ' if holds else 'MISSED'} {name}: {value:.2f} ({'at least' if at_least else 'at most'} {bound:,})")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()

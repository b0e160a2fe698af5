#!/usr/bin/env python3
"""Measures action programmes in one run, side by side.

- a programme with its 10 projects and 40 milestones, made anew (past the answers that the server keeps in memory), beside
  a handler written by hand for this one answer with the same statements (wrk, 8 connections, median of three rounds);
- every filter of programmes, projects and consultations: a page of up to 50 rows in a country of 3,206 programmes and 32,060 projects
  beside a page of as many rows in the demonstration, made anew, each in three rounds of turns.

Exits with 1 when a level is missed.

    benches/programs.py                                             embedded SQLite
    benches/programs.py --database postgres://… --demo postgres://…  two empty PostgreSQL databases instead

Needs wrk. Everything listens on loopback, and each load runs for --seconds (1 unless said otherwise).
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

from run import UNLIMITED, build, free_address, get, load, stop, wait_for

FRESH = "Cache-Control: no-cache"
PROGRAMS, PROJECTS, ROUNDS = "/api/v1/action-programs?", "/api/v1/projects?", "/api/v1/consultations?"
WORD = "q=budget"
FILTERS = (
    [PROGRAMS + query for query in ("", "member={member}", "region={region}", "stage=closed", "stage=cancelled", "cycle=2",
     "principle=transparency", "commitment=visibility", "provenance=illustrative", "updated_since=2020-01-01", "sort=title_fr",
     "sort=-title_ar", "q=demonstration")]
    + [PROJECTS + query for query in ("", "program={program}", "member={member}", "region={region}", "principle=transparency",
     "commitment=visibility", "status=not_started", "status=in_progress", "status=late", "status=completed", "status=cancelled",
     "updated_since=2020-01-01", "sort=title_fr", "sort=-title_ar", WORD)]
    + [ROUNDS + query for query in ("", "program={program}", "member={member}", "region={region}", "round=2", "kind=online",
     "open=true", "open=false", "updated_since=2020-01-01", "sort=-opens_on")]
)


def median(values):
    return sorted(values)[len(values) // 2]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", help="URL of an empty PostgreSQL database for the country")
    parser.add_argument("--demo", help="URL of an empty PostgreSQL database for the demonstration")
    parser.add_argument("--seconds", type=int, default=1, help="how long each load runs")
    arguments = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is missing")
    if bool(arguments.database) != bool(arguments.demo):
        sys.exit("--database and --demo go together")
    server_binary, baselines = build()
    folder = tempfile.mkdtemp(prefix="remacto-bench-")
    running = []
    try:
        keys = subprocess.run([server_binary, "key", "create"], check=True, capture_output=True, text=True).stdout

        def serve(name, database, *flags):
            address, home = free_address(), os.path.join(folder, name)
            environment = {**os.environ, **UNLIMITED, "REMACTO_DATA_DIR": home, "REMACTO_BIND": address, "REMACTO_OPS_BIND": "off",
                           "REMACTO_SIGNING_KEYS": keys}
            environment.pop("DATABASE_URL", None)
            if database:
                environment["DATABASE_URL"] = database
            with open(os.path.join(folder, f"{name}.log"), "wb") as log:
                process = subprocess.Popen([server_binary, "serve", *flags], env=environment, stderr=log, stdout=log)
            running.append(process)
            wait_for(address, "/health/ready", process)
            return address, database or os.path.join(home, "remacto.db")

        demo, demo_database = serve("demo", arguments.demo, "--demo")
        country, database = serve("country", arguments.database)
        added = subprocess.run([baselines, "fill-programs", "--database", database], check=True, capture_output=True, text=True)
        print(f"{added.stdout.strip()} programmes in the country", flush=True)
        # Both with statistics: the demonstration's must not come in the middle of a measurement.
        subprocess.run([baselines, "analyse", "--database", demo_database], check=True)

        first = json.loads(get(country, PROGRAMS + "stage=closed&limit=1"))["data"][0]
        slug = first["slug"]
        raw_address = free_address()
        raw = subprocess.Popen([baselines, "program", "--bind", raw_address, "--database", database, "--slug", slug,
                                "--connections", "8" if arguments.database else "2"], stderr=subprocess.DEVNULL)
        running.append(raw)
        wait_for(raw_address, "/", raw)
        path = f"/api/v1/action-programs/{slug}?include=projects,milestones"
        found = json.loads(get(country, path))["included"]
        if (len(found["projects"]), len(found["milestones"])) != (10, 40):
            sys.exit("the programme has not 10 projects and 40 milestones")
        rounds = [(load(country, path, 8, 3 * arguments.seconds, FRESH)[0], load(raw_address, "/", 8, 3 * arguments.seconds)[0]) for _ in range(3)]
        own, hand = median([own for own, _ in rounds]), median([hand for _, hand in rounds])
        kept = load(country, path, 8, 3 * arguments.seconds)[0]
        print(f"programme with 10 projects and 40 milestones: {own:.0f} a second made anew, {kept:.0f} from memory; by hand {hand:.0f}", flush=True)
        stop(raw)

        checks = [("programme with 10 projects and 40 milestones, of a handler by hand", own / hand, 0.6, True)]
        example = json.loads(get(demo, PROGRAMS + "stage=closed&limit=1"))["data"][0]
        places = {"demo": (demo, {"member": example["member"], "region": example["region_code"], "program": example["slug"]}),
                  "country": (country, {"member": first["member"], "region": first["region_code"], "program": slug})}
        for template in FILTERS:
            urls = {name: (address, template.format(**values)) for name, (address, values) in places.items()}
            rows = min(len(json.loads(get(address, f"{url}&limit=50"))["data"]) for address, url in urls.values())
            if not rows:
                sys.exit(f"{template} finds nothing")
            rates = {"demo": [], "country": []}
            for _ in range(3):
                for name, (address, url) in urls.items():
                    rates[name].append(load(address, f"{url}&limit={rows}", 4, arguments.seconds, FRESH)[0])
            small, large = median(rates["demo"]), median(rates["country"])
            print(f"{template:60} {rows:3} rows: {small:6.0f} a second in the demonstration, {large:6.0f} in the country", flush=True)
            checks.append((f"{template}, demonstration over country", small / large, 1.3, False))
        for process in running[:2]:
            stop(process)
    finally:
        for process in running:
            if process.poll() is None:
                process.kill()
                process.wait()
        shutil.rmtree(folder, ignore_errors=True)
    print()
    missed = 0
    for name, value, bound, at_least in checks:
        holds = value >= bound if at_least else value <= bound
        missed += not holds
        print(f"{'ok    ' if holds else 'MISSED'} {name}: {value:.2f} ({'at least' if at_least else 'at most'} {bound})")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()

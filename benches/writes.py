#!/usr/bin/env python3
"""Measures writes and requests with a token in one run, side by side with what they stand on.

- GET with a valid token beside the same GET without one (wrk, 64 connections): a page of members and one member;
- PATCH of a member by 8 clients, with everything that belongs to it (the account's row, history, audit, feed), durable,
  beside the same statements by a bare Diesel loop of 8 threads with the same serialisation, and beside that loop without
  the counter row: what the guarantee that the feed never skips costs.

Exits with 1 when a floor is missed.

    benches/writes.py                              embedded SQLite
    benches/writes.py --database postgres://…      an empty PostgreSQL database instead

Needs wrk. Everything listens on loopback, and each load runs for --seconds (4 unless said otherwise).
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from base64 import b64encode

from run import MEMBER, MEMBERS, UNLIMITED, build, free_address, get, load, stop, wait_for

PATCHES = """
local slugs = {%s}
local number = 0
local name = tostring({}):gsub("[^%%w]", "")
request = function()
  number = number + 1
  local body = '{"website": "https://x.example/' .. name .. '/' .. number .. '"}'
  return wrk.format("PATCH", "/api/v1/members/" .. slugs[number %% #slugs + 1], nil, body)
end
"""


def token(address, credentials):
    form = urllib.parse.urlencode({"grant_type": "client_credentials"}).encode()
    basic = b64encode(f"{credentials['client_id']}:{credentials['client_secret']}".encode()).decode()
    request = urllib.request.Request(f"http://{address}/api/v1/auth/token", form, {"Authorization": f"Basic {basic}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)["access_token"]


def patches(address, bearer, script, seconds):
    """PATCHes a second by 8 clients, and the 99th percentile of the latency."""
    headers = [f"Authorization: {bearer}", "If-Match: *", "Content-Type: application/merge-patch+json"]
    command = ["wrk", "-t2", "-c8", f"-d{seconds}s", "--latency", "-s", script]
    command += [f"-H{header}" for header in headers] + [f"http://{address}/"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in text or "Socket errors" in text:
        sys.exit(f"the load met errors:\n{text}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]), re.search(r"^\s+99%\s+(\S+)", text, re.MULTILINE)[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", help="URL of an empty PostgreSQL database")
    parser.add_argument("--seconds", type=int, default=4, help="how long each load runs")
    arguments = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is missing")
    server_binary, baselines = build()
    folder = tempfile.mkdtemp(prefix="remacto-bench-")
    server = None
    try:
        address = free_address()
        environment = {**os.environ, **UNLIMITED, "REMACTO_DATA_DIR": folder, "REMACTO_BIND": address, "REMACTO_OPS_BIND": "off"}
        environment.pop("DATABASE_URL", None)
        if arguments.database:
            environment["DATABASE_URL"] = arguments.database
        environment["REMACTO_SIGNING_KEYS"] = subprocess.run([server_binary, "key", "create"], check=True, capture_output=True, text=True).stdout
        database = arguments.database or os.path.join(folder, "remacto.db")
        with open(os.path.join(folder, "log"), "wb") as log:
            server = subprocess.Popen([server_binary, "serve", "--demo"], env=environment, stderr=log)
        wait_for(address, "/health/ready", server)
        create = [server_binary, "client", "create", "--name", "bench", "--role", "secretariat"]
        printed = subprocess.run(create, env=environment, check=True, capture_output=True, text=True).stdout
        credentials = dict(line.split("=", 1) for line in printed.splitlines())
        bearer = f"Bearer {token(address, credentials)}"

        reads = {}
        for name, path in (("page of members", MEMBERS), ("one member", MEMBER)):
            rates = {False: [], True: []}
            for turn in range(6):
                headers = [f"Authorization: {bearer}"] if turn % 2 else []
                rates[bool(turn % 2)].append(load(address, path, 64, arguments.seconds, *headers)[0])
            reads[name] = (sorted(rates[False])[1], sorted(rates[True])[1])

        members = json.loads(get(address, "/api/v1/members?limit=50"))["data"]
        script = os.path.join(folder, "patches.lua")
        with open(script, "w", encoding="utf-8") as file:
            file.write(PATCHES % ", ".join(f'"{member["slug"]}"' for member in members))
        patches(address, bearer, script, 1)

        def bare(*more):
            command = [baselines, "write", "--database", database, "--account", credentials["client_id"], "--seconds", str(arguments.seconds), *more]
            return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

        written, loops = [], []
        for _ in range(3):
            written.append(patches(address, bearer, script, arguments.seconds))
            loops.append(bare())
        stop(server)
        without = [bare("--without-counter") for _ in range(3)]
        (rate, p99), loop, free = sorted(written)[1], sorted(loops)[1], sorted(without)[1]
    finally:
        if server and server.poll() is None:
            server.kill()
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)

    checks = []
    for name, (anonymous, with_token) in reads.items():
        print(f"GET {name}: {anonymous:.0f} a second, with a token {with_token:.0f}")
        checks.append((f"GET {name} with a token, of anonymous", with_token / anonymous, 0.85))
    print(f"PATCH by 8 clients: {rate:.0f} a second, p99 {p99}; bare loop: {loop:.0f}; without the counter row: {free:.0f}")
    print(f"the counter row costs the bare loop {100 * (1 - loop / free):.0f} %")
    checks.append(("PATCH, of the bare loop", rate / loop, 0.5))
    print()
    for name, value, bound in checks:
        print(f"{'ok    ' if value >= bound else 'MISSED'} {name}: {value:.2f} (at least {bound})")
    sys.exit(0 if all(value >= bound for _, value, bound in checks) else 1)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Measures in one run whether those who ask for too much spoil it for the others.

- A flood of sign-ins by 32 clients, each attempt with an address and an account of its own, so that the pauses after
  failures don't stop it: the p99 of anonymous reads in it beside the quiet one;
- overload: an expensive read at twice the best rate of the server (the highest of 1, 2, 8, 64 and 256 connections that
  never pause): how much of its best rate is left, and how fast the rest is refused;
- 5,000 idle connections and 200 that send a body a byte at a time: the p99 of the others' reads beside the quiet one.

Reads are sent at a fixed rate, whatever the answers do, and their p99 counts from when each was due, so that those who
have to wait for a connection count too; that of refusals counts from when the request was sent. As root, loads go first. "made anew" is past
the answers that the server keeps in memory (Cache-Control: no-cache). Of three rounds the median counts. The limits of
requests a minute are off: they would refuse a load from one address before it is one. Exits with 1 when a level is
missed. Everything shares the machine's cores: what else runs there is measured too.

    benches/limits.py                              embedded SQLite
    benches/limits.py --database postgres://…      an empty PostgreSQL database instead

Needs wrk. Everything listens on loopback, and each load runs for --seconds (4 unless said otherwise).
"""
import argparse
import asyncio
import json
import math
import multiprocessing
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from statistics import median

from run import MEMBERS, UNLIMITED, build, free_address, load, stop, wait_for

ROUNDS = 3
READS = {"from memory": (), "made anew": ("Cache-Control: no-cache",)}
READS_A_SECOND = 500
READERS = 8
# Much to do for the server and little to read for the load, which shares its cores.
EXPENSIVE = "/api/v1/members?limit=200&format=csv&fields=slug,status"
# More than may be under way and wait: 64 for each of 2 or 8 connections to the database.
CROWD = {"SQLite": 256, "PostgreSQL": 640}
FLOODERS = 32
IDLE = 5_000
SLOW = 200
A_BYTE_EVERY_S = 0.5
# Files of a process beside its connections.
OTHER_FILES = 200

FLOOD = """
local number, threads, name = 0, {}, tostring(os.time())
counts = {}
function setup(thread) table.insert(threads, thread) end
function request()
  number = number + 1
  local address = string.format("10.%d.%d.%d", number / 65536 % 256, number / 256 % 256, number % 256)
  local headers = {["Content-Type"] = "application/json", ["X-Forwarded-For"] = address}
  local body = '{"email": "' .. name .. "." .. number .. '@example.org", "password": "not the one that it is"}'
  return wrk.format("POST", nil, headers, body)
end
function response(status)
  status = tostring(status)
  counts[status] = (counts[status] or 0) + 1
end
function done(summary)
  local fields = {}
  for _, thread in ipairs(threads) do
    for status, count in pairs(thread:get("counts")) do
      table.insert(fields, string.format('"%s": %f', status, count / summary.duration * 1e6))
    end
  end
  print("\\n{" .. table.concat(fields, ", ") .. "}")
end
"""


def prefer():
    """Makes a load go first, where the system allows it: it stands for machines of others, and its own waiting for a
    processor is not the server's."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, -10)
    except PermissionError:
        pass


class Reader:
    """Sends requests on a schedule."""

    def __init__(self, baselines, address, seconds):
        self.baselines, self.address, self.seconds = baselines, address, seconds

    def send(self, path, rate, connections, *headers):
        command = [self.baselines, "load", "--address", self.address, "--path", path, "--rate", str(rate)]
        command += ["--connections", str(connections), "--seconds", str(self.seconds)]
        command += [f"--header={header}" for header in headers]
        return json.loads(subprocess.run(command, check=True, capture_output=True, timeout=120, preexec_fn=prefer).stdout)

    def p99(self, *headers):
        """Of a page of members, in milliseconds; endless when an answer is not a 200."""
        told = self.send(MEMBERS, READS_A_SECOND, READERS, *headers)
        if told["errors"] or set(told["by_status"]) != {"200"}:
            print(f"not every read was answered: {json.dumps(told)}", file=sys.stderr)
            return math.inf
        return told["by_status"]["200"]["due_p99_ms"]


@contextmanager
def flood(reader, script, told):
    """Sign-ins as fast as they are answered; afterwards `told` has one more count of their answers a second."""
    command = ["wrk", "-t1", f"-c{FLOODERS}", f"-d{reader.seconds + 2}s", "-s", script]
    command.append(f"http://{reader.address}/api/v1/auth/sessions")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        time.sleep(1)
        yield
        told.append(json.loads(process.communicate(timeout=60)[0].splitlines()[-1]))
        # For the sign-ins that were under way.
        time.sleep(1)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def measure_flood(reader, folder):
    """For each kind of reads the quiet p99 and the one in the flood; and the answers to sign-ins a second."""
    script = os.path.join(folder, "flood.lua")
    with open(script, "w", encoding="utf-8") as file:
        file.write(FLOOD)
    found, sign_ins = {}, []
    for name, headers in READS.items():
        quiet, flooded = [], []
        for _ in range(ROUNDS):
            quiet.append(reader.p99(*headers))
            with flood(reader, script, sign_ins):
                flooded.append(reader.p99(*headers))
        found[name] = median(quiet), median(flooded)
    statuses = sorted({status for told in sign_ins for status in told})
    return found, {status: median(told.get(status, 0) for told in sign_ins) for status in statuses}


def measure_overload(reader, crowd):
    """The best rate; and at twice as much the rate, the p99 of refusals in milliseconds, and of what there were how many."""
    headers = READS["made anew"]
    best = max(load(reader.address, EXPENSIVE, connections, reader.seconds, *headers)[0] for connections in (1, 2, 8, 64))
    # Those of 256 that don't fit are refused.
    best = max(best, reader.send(EXPENSIVE, 1_000_000, 256, *headers)["by_status"]["200"]["per_second"])
    rates, refusals, counts = [], [], Counter()
    for _ in range(ROUNDS):
        told = reader.send(EXPENSIVE, math.ceil(2 * best), crowd, *headers)
        by_status = told["by_status"]
        rates.append(by_status["200"]["per_second"])
        # If nothing is refused, it was no overload.
        refusals.append(max((by_status[status]["p99_ms"] for status in ("429", "503") if status in by_status), default=math.inf))
        counts += Counter({status: answers["count"] for status, answers in by_status.items()})
        counts += Counter({"sent": told["sent"], "errors": told["errors"]})
    return best, median(rates), median(refusals), counts


async def be_idle(host, port):
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"HEAD /health/live HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def send_slowly(host, port, number, ends):
    """Sends a body that would take minutes, again whenever it is cut off; `ends` counts how that was."""
    head = f"POST /api/v1/auth/sessions HTTP/1.1\r\nHost: {host}:{port}\r\n"
    head += "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    # Not all in step.
    await asyncio.sleep(number / SLOW * A_BYTE_EVERY_S)
    while True:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(head.encode())
        end = None
        while end is None:
            try:
                line = await asyncio.wait_for(reader.readline(), A_BYTE_EVERY_S)
                end = line.split()[1].decode() if line else "closed"
            except asyncio.TimeoutError:
                writer.write(b" ")
            except OSError:
                end = "reset"
        ends[end] += 1
        writer.close()
        await asyncio.sleep(A_BYTE_EVERY_S)


async def hold(address, idle, pipe):
    host, port = address.split(":")
    connections, ends = [], Counter()
    while len(connections) < idle:
        some = min(100, idle - len(connections))
        connections += await asyncio.gather(*(be_idle(host, port) for _ in range(some)))
    senders = [asyncio.create_task(send_slowly(host, port, number, ends)) for number in range(SLOW)]
    await asyncio.sleep(1)
    pipe.send(None)
    # Until the other end has had enough, but not for ever.
    await asyncio.to_thread(pipe.poll, 300)
    lost = sum(sender.done() for sender in senders)
    pipe.send((sum(not reader.at_eof() for reader, _ in connections), lost, ends))


def hold_in_a_process(*arguments):
    asyncio.run(hold(*arguments))


def measure_crowd(reader, idle):
    """For each kind of reads the quiet p99 and the one beside idle and slow connections; and what became of those."""
    def rounds():
        return {name: median(reader.p99(*headers) for _ in range(ROUNDS)) for name, headers in READS.items()}

    quiet = rounds()
    own, other = multiprocessing.Pipe()
    crowd = multiprocessing.Process(target=hold_in_a_process, args=(reader.address, idle, other), daemon=True)
    crowd.start()
    other.close()
    try:
        own.recv()
        crowded = rounds()
        own.send(None)
        became = own.recv()
    finally:
        crowd.kill()
        crowd.join()
    return {name: (quiet[name], crowded[name]) for name in READS}, became


def allow_connections():
    """Lets this process and those that it starts have as many files as may be; how many idle connections that makes."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = 65_536 if hard == resource.RLIM_INFINITY else hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    return min(IDLE, limit - SLOW - OTHER_FILES)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", help="URL of an empty PostgreSQL database")
    parser.add_argument("--seconds", type=int, default=4, choices=range(1, 11), metavar="1…10", help="how long each load runs")
    arguments = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is missing")
    idle = allow_connections()
    server_binary, baselines = build()
    folder = tempfile.mkdtemp(prefix="remacto-bench-")
    server = None
    try:
        address = free_address()
        environment = {**os.environ, **UNLIMITED, "REMACTO_DATA_DIR": folder, "REMACTO_BIND": address, "REMACTO_OPS_BIND": "off"}
        environment["REMACTO_TRUSTED_PROXIES"] = "127.0.0.1/32"
        environment.pop("DATABASE_URL", None)
        if arguments.database:
            environment["DATABASE_URL"] = arguments.database
        environment["REMACTO_SIGNING_KEYS"] = subprocess.run([server_binary, "key", "create"], check=True, capture_output=True, text=True).stdout
        with open(os.path.join(folder, "log"), "wb") as log:
            server = subprocess.Popen([server_binary, "serve", "--demo"], env=environment, stdout=subprocess.DEVNULL, stderr=log)
        wait_for(address, "/health/ready", server)
        database = arguments.database or os.path.join(folder, "remacto.db")
        subprocess.run([baselines, "fill", "--database", database], check=True, capture_output=True)
        reader = Reader(baselines, address, arguments.seconds)
        for headers in READS.values():
            reader.p99(*headers)
        flooded, sign_ins = measure_flood(reader, folder)
        best, rate, refusals, counts = measure_overload(reader, CROWD["PostgreSQL" if arguments.database else "SQLite"])
        crowded, (still_idle, lost, ends) = measure_crowd(reader, idle)
        stop(server)
    finally:
        if server and server.poll() is None:
            server.kill()
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)

    def listed(numbers):
        return ", ".join(f"{name}: {number:.0f}" for name, number in sorted(numbers.items())) or "none"

    print(f"answers to sign-ins a second: {listed(sign_ins)}")
    print(f"best rate of {EXPENSIVE}: {best:.0f} a second; answered at twice that: {rate:.0f} a second; all in all {listed(counts)}")
    if idle < IDLE:
        print(f"only {idle} idle connections, since a process may not have more files (ulimit -Hn)")
    print(f"{still_idle} of {idle} idle connections were open at the end; slow senders were cut off by {listed(ends)}")
    checks = []
    for name, (quiet, noisy) in flooded.items():
        print(f"p99 of reads {name}: {quiet:.2f} ms, in the flood {noisy:.2f} ms")
        checks.append((f"p99 of reads {name} in the flood, ms", noisy, max(3 * quiet, 20), False))
    checks += [
        ("twice the load: answered, of the best rate", rate / best, 0.9, True),
        ("twice the load: p99 of refusals, ms", refusals, 10, False),
        ("twice the load: neither answered nor refused", counts.total() - sum(counts[key] for key in ("sent", "200", "429", "503")), 0, False),
    ]
    for name, (quiet, noisy) in crowded.items():
        print(f"p99 of reads {name}: {quiet:.2f} ms, in the crowd {noisy:.2f} ms")
        checks.append((f"p99 of reads {name} in the crowd, of the quiet one", noisy / quiet, 2, False))
    checks.append(("slow senders that could not come back", lost, 0, False))
    missed = 0
    print()
    for name, value, bound, at_least in checks:
        holds = value >= bound if at_least else value <= bound
        missed += not holds
        print(f"{'ok    ' if holds else 'MISSED'} {name}: {value:.2f} ({'at least' if at_least else 'at most'} {bound:.4g})")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()

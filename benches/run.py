#!/usr/bin/env python3
"""Measures the server in one run, side by side with what it stands on.

For one territory, a page of 50 and page 30 of the list, and for one member and a filtered page of 50 members in the
demonstration and in a network of 1,598 members: requests a second over HTTP by wrk with 1, 8 and 64 connections,
against a raw actix-web handler that serves the same bytes from memory and against a loop over Diesel alone with 8
threads on the same query. "made anew" is the rate past the answers that the server keeps in memory
(Cache-Control: no-cache). Also the server's memory afterwards and the time of a second start. Exits with 1 when a
floor is missed.

    benches/run.py                              embedded SQLite
    benches/run.py --database postgres://…      an empty PostgreSQL database instead

Needs wrk. Everything listens on loopback, and each load runs for --seconds (4 unless said otherwise).
"""
import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CONNECTIONS = (1, 8, 64)
LIST = "/api/v1/territories?limit=50"
ONE = "/api/v1/territories/01.511.01.0"
MEMBERS = "/api/v1/members?kind=municipality&status=active,suspended&limit=50"
MEMBER = "/api/v1/members/commune-agadir"
FULL_SIZE = 1598
# Loads come from one address; what they measure is not how much one may ask.
UNLIMITED = {"REMACTO_RATE_LIMIT": "off", "REMACTO_ACCOUNT_RATE_LIMIT": "off", "REMACTO_CONTRIBUTION_RATE_LIMIT": "off"}


def build():
    command = ["cargo", "build", "--release", "--locked", "--bin", "remacto", "--bench", "baselines", "--message-format=json"]
    output = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    found = {}
    for line in output.splitlines():
        message = json.loads(line)
        if message.get("executable"):
            found[message["target"]["name"]] = message["executable"]
    return found["remacto"], found["baselines"]


def free_address():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return "127.0.0.1:%d" % listener.getsockname()[1]


def get(address, path):
    with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
        return answer.read()


def wait_for(address, path, process):
    for _ in range(400):
        try:
            return get(address, path)
        except OSError:
            if process.poll() is not None:
                sys.exit(f"a process ended with {process.returncode} before it answered")
            time.sleep(0.05)
    sys.exit(f"no answer from {address}")


def load(address, path, connections, seconds, *headers):
    """Requests a second and the 99th percentile of the latency."""
    rate, p99, refused = load_with_refusals(address, path, connections, seconds, *headers)
    if refused:
        sys.exit(f"{path}: {refused:.2%} of the answers were errors")
    return rate, p99


def load_with_refusals(address, path, connections, seconds, *headers):
    """Answers a second that are no errors, the 99th percentile of the latency, and the share of errors among all answers."""
    threads = min(connections, 2)
    command = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout=30s"]
    command += [f"-H{header}" for header in headers] + [f"http://{address}{path}"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Socket errors" in text:
        sys.exit(f"the load met errors:\n{text}")
    errors, all_answers = re.search(r"Non-2xx or 3xx responses: (\d+)", text), re.search(r"(\d+) requests in", text)
    refused = int(errors[1]) / int(all_answers[1]) if errors else 0
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]) * (1 - refused)
    if not rate:
        sys.exit(f"{path}: nothing was answered in {seconds} seconds; give it more")
    return rate, re.search(r"^\s+99%\s+(\S+)", text, re.MULTILINE)[1], refused


def resident_megabytes(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1]) / 1024


def stop(process):
    process.terminate()
    process.wait(timeout=40)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", help="URL of an empty PostgreSQL database")
    parser.add_argument("--seconds", type=int, default=4, help="how long each load runs")
    arguments = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is missing")
    server_binary, baselines = build()
    folder = tempfile.mkdtemp(prefix="remacto-bench-")
    running = []
    try:
        address = free_address()
        environment = {**os.environ, **UNLIMITED, "REMACTO_DATA_DIR": folder, "REMACTO_BIND": address, "REMACTO_OPS_BIND": "off"}
        environment.pop("DATABASE_URL", None)
        if arguments.database:
            environment["DATABASE_URL"] = arguments.database
        database = arguments.database or os.path.join(folder, "remacto.db")

        def serve(log):
            process = subprocess.Popen([server_binary, "serve", "--demo"], env=environment, stderr=open(os.path.join(folder, log), "wb"))
            running.append(process)
            wait_for(address, "/health/ready", process)
            return process

        stop(serve("first.log"))
        server = serve("second.log")
        with open(os.path.join(folder, "second.log"), encoding="utf-8") as log:
            start = int(re.search(r"ready in (\d+) ms", log.read())[1])

        def page(first, number):
            path = first
            for _ in range(number - 1):
                path = f"{first}&cursor={json.loads(get(address, path))['page']['next_cursor']}"
            return path

        loops, results = {}, {}

        def measure(cases):
            for name, (target, query) in cases.items():
                key = (query, "1,598" in name)
                if key not in loops:
                    command = [baselines, "loop", "--database", database, "--query", query, "--seconds", str(arguments.seconds)]
                    loops[key] = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
                body = os.path.join(folder, "body")
                with open(body, "wb") as file:
                    file.write(get(address, target))
                raw_address = free_address()
                raw = subprocess.Popen([baselines, "raw", "--bind", raw_address, "--file", body], stderr=subprocess.DEVNULL)
                running.append(raw)
                wait_for(raw_address, "/", raw)
                for connections in CONNECTIONS:
                    load(address, target, connections, 1)
                    rate, p99 = load(address, target, connections, arguments.seconds)
                    made, _ = load(address, target, connections, arguments.seconds, "Cache-Control: no-cache")
                    raw_rate, _ = load(raw_address, "/", connections, arguments.seconds)
                    results[name, connections] = (rate, p99, made, raw_rate, loops[key])
                stop(raw)

        measure({
            "territory": (ONE, "one"),
            "territories, page 1": (LIST, "page"),
            "territories, page 30": (page(LIST, 30), "page"),
            "member of the demo": (MEMBER, "member"),
            "members of the demo": (MEMBERS, "members"),
        })
        subprocess.run([baselines, "fill", "--database", database], check=True, capture_output=True)
        size = json.loads(get(address, "/api/v1/members?limit=1&count=exact"))["page"]["total"]
        if size != FULL_SIZE:
            sys.exit(f"the network has {size} members, not {FULL_SIZE}")
        measure({
            "member of 1,598": (MEMBER, "member"),
            "members, page 1 of 1,598": (MEMBERS, "members"),
            "members, page 30 of 1,598": (page(MEMBERS, 30), "members"),
        })
        memory = resident_megabytes(server.pid)
        stop(server)
    finally:
        for process in running:
            if process.poll() is None:
                process.kill()
                process.wait()
        shutil.rmtree(folder, ignore_errors=True)

    print(f"{'case':26} {'conns':>5} {'req/s':>9} {'p99':>9} {'made anew':>9} {'raw actix':>10} {'of raw':>6} {'bare loop':>10} {'of loop':>7}")
    for (name, connections), (rate, p99, made, raw_rate, loop) in results.items():
        print(f"{name:26} {connections:5} {rate:9.0f} {p99:>9} {made:9.0f} {raw_rate:10.0f} {rate / raw_rate:6.2f} {loop:10.0f} {rate / loop:7.2f}")

    def best(name):
        return max(results[name, connections][0] for connections in CONNECTIONS)

    def of_loop(name):
        return best(name) / results[name, CONNECTIONS[0]][4]

    pages = ["territories, page 1", "members of the demo", "members, page 1 of 1,598"]
    checks = [(f"{name}, of the bare loop", of_loop(name), 0.5, True) for name in pages]
    checks += [(f"{name}, of the bare loop", of_loop(name), 0.4, True) for name in ["territory", "member of the demo", "member of 1,598"]]
    checks += [
        ("territories, page 1 over page 30", best("territories, page 1") / best("territories, page 30"), 1.3, False),
        ("members, page 1 over page 30", best("members, page 1 of 1,598") / best("members, page 30 of 1,598"), 1.3, False),
        ("resident memory afterwards, MB", memory, 60, False),
        ("second start, ms", start, 300, False),
    ]
    missed = 0
    print()
    for name, value, bound, at_least in checks:
        holds = value >= bound if at_least else value <= bound
        missed += not holds
        print(f"{'ok    ' if holds else 'MISSED'} {name}: {value:.2f} ({'at least' if at_least else 'at most'} {bound})")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()

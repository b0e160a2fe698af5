"""Two databases of one load, for measuring a build of the server beside its parent: one in this build's schema, one in the parent's.

The load is made once, with this build, in this build's schema. Its baselines can't fill a database of the parent's schema, and
the parent has none that could. So the migrations that the parent does not know are undone (`remacto migrate --down`, as many as
the parent's `migrate --status` calls unknown), and the database is copied: both sides have the same rows. Then the one side is
upgraded as an operator would: the parent's server goes on reading while this build migrates and makes all documents
(`remacto reindex`). At last both are compacted, so that no figure depends on how a database was made.
"""
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing

from exchange import Caller, psql
from monitoring import Server
from run import free_address, get, stop


class Served(Server):
    """A server with metrics, over a database of its own."""

    def __init__(self, *place, flags=()):
        super().__init__(*place)
        self.flags = flags

    def start(self):
        self.environment["REMACTO_OPS_BIND"] = self.metrics_address = free_address()
        super().start(*self.flags)

    def run(self, *command):
        """What a command of the binary prints."""
        done = subprocess.run([self.binary, *command], env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"remacto {' '.join(command)}: {done.stderr[-2000:]}")
        return done.stdout

    def ask(self, statement):
        """The first column of what a statement finds."""
        if self.database:
            return psql(self.database, f"{statement};").split()
        with closing(sqlite3.connect(self.file, isolation_level=None)) as connection:
            return [str(value) for value, *_ in connection.execute(statement)]

    def create_account(self):
        printed = self.run("client", "create", "--name", "bench", "--role", "secretariat")
        self.credentials = dict(line.split("=", 1) for line in printed.splitlines())

    def caller(self):
        return Caller(self.address, self.credentials)

    def lock_times(self):
        """How many transactions kept others from publishing for at most so many seconds, and all those seconds together."""
        text = get(self.metrics_address, "/metrics").decode()
        counts = re.findall(r'^remacto_publication_lock_seconds_bucket\{le="([^"]+)"\} (\d+)', text, re.MULTILINE)
        together = re.search(r"^remacto_publication_lock_seconds_sum (\S+)", text, re.MULTILINE)
        return {bound: int(count) for bound, count in counts}, float(together[1]) if together else 0.0


class Repeated(threading.Thread):
    """A call that is repeated on a schedule until it is stopped; a failure ends the script."""

    def __init__(self, call, interval):
        super().__init__(daemon=True)
        self.call, self.interval = call, interval
        self.times, self.failure, self.ended = [], None, threading.Event()

    def run(self):
        started = time.perf_counter()
        try:
            while not self.ended.wait(max(0, started + len(self.times) * self.interval - time.perf_counter())):
                before = time.perf_counter()
                self.call(len(self.times))
                self.times.append((time.perf_counter() - before) * 1_000)
        except (SystemExit, Exception) as failure:
            self.failure = failure
        self.seconds = time.perf_counter() - started

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, *_):
        self.ended.set()
        self.join()
        if self.failure and not kind:
            sys.exit(f"what was done meanwhile failed: {self.failure}")
        if not self.times and not kind:
            sys.exit("nothing was done meanwhile")

    def p99(self):
        """The 99th percentile in milliseconds."""
        return sorted(self.times)[-(-len(self.times) * 99 // 100) - 1]


def patching(caller, slugs, interval):
    """PATCHes of members in turn."""
    def patch(number):
        website = f'{{"website": "https://x.example/{time.time_ns()}"}}'
        path = f"/api/v1/members/{slugs[number % len(slugs)]}"
        caller.timed("PATCH", path, website, If_Match="*", Content_Type="application/merge-patch+json")

    return Repeated(patch, interval)


def fill(own, baselines, small):
    """Makes the load: the demonstration and a member on every seat, or the country."""
    own.start()
    told = []
    for command in ["fill"] if small else ["fill-programs", "fill-indicators"]:
        added = subprocess.run([baselines, command, "--database", own.file], check=True, capture_output=True, text=True)
        told.append(f"{command}: {added.stdout.strip()}")
    stop(own.process)
    return ", ".join(told)


def downgrade(own, parent_binary):
    """Undoes the migrations that the parent does not know."""
    status = subprocess.run([parent_binary, "migrate", "--status"], env=own.environment, check=True, capture_output=True, text=True)
    lines = [line.split(" ", 1) for line in status.stdout.splitlines()]
    unknown = [name for state, name in lines if state == "unknown"]
    if [state for state, _ in lines if state != "applied"] != ["unknown"] * len(unknown):
        sys.exit(f"the parent knows migrations that this build does not:\n{status.stdout}")
    if unknown:
        name = own.ask("SELECT current_database()")[0] if own.database else os.path.basename(own.file)
        own.run("migrate", "--down", "--steps", str(len(unknown)), f"--yes-delete={name}")
    return unknown


def copy(own, parent):
    if own.database:
        with subprocess.Popen(["pg_dump", "--no-owner", "--no-privileges", own.database], stdout=subprocess.PIPE) as dump:
            command = ["psql", "--no-psqlrc", "--quiet", "--output=/dev/null", "--set=ON_ERROR_STOP=1", "--file=-", parent.database]
            subprocess.run(command, stdin=dump.stdout, check=True)
        if dump.returncode:
            sys.exit("pg_dump failed")
        return
    own.ask("PRAGMA wal_checkpoint(TRUNCATE)")
    os.makedirs(os.path.dirname(parent.file), mode=0o700)
    shutil.copy(own.file, parent.file)


def upgrade(own, old):
    """Migrates and makes all documents while the parent's server `old` reads: how many documents, seconds, the largest size of
    SQLite's log in MB, and the 99th percentile of the milliseconds of a read."""
    old.start()
    slug = own.ask("SELECT slug FROM member ORDER BY id LIMIT 1")[0]
    caller, log, largest = old.caller(), f"{own.file}-wal", 0
    done = threading.Event()

    def watch():
        nonlocal largest
        while not done.wait(0.05):
            if os.path.exists(log):
                largest = max(largest, os.path.getsize(log))

    watcher = threading.Thread(target=watch, daemon=True)
    with closing(caller.connection), Repeated(lambda _: caller.timed("GET", f"/api/v1/members/{slug}", Cache_Control="no-cache"), 0.02) as reads:
        own.run("migrate")
        watcher.start()
        started = time.perf_counter()
        printed = own.run("reindex")
        seconds = time.perf_counter() - started
        done.set()
        watcher.join()
    stop(old.process)
    return int(re.search(r"documents written: (\d+)", printed)[1]), seconds, largest / 1_000_000, reads.p99()


def compact(server):
    """Leaves no free space in a database, gathers its statistics, and returns its size in MB."""
    for statement in ("VACUUM (FULL)" if server.database else "VACUUM", "ANALYZE"):
        server.ask(statement)
    size = "SELECT pg_database_size(current_database())"
    if not server.database:
        server.ask("PRAGMA wal_checkpoint(TRUNCATE)")
        size = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
    return int(server.ask(size)[0]) / 1_000_000

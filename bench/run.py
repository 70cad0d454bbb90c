#!/usr/bin/env python3
"""Measures the rows of docs/PERFORMANCE.md in one run and prints them as a table and as an SVG.

Every figure is a ratio against something that ran beside it on the same PostgreSQL: Aztec's own
signer (npm), or pgbench doing the same two statements. Each pair is run in turns, `--rounds` times,
and the median of each side is used, so that a slow moment of the machine hits both.
"""
import argparse
import json
import os
import platform
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from plot import draw_ratios

ROOT = Path(__file__).resolve().parent.parent
ROLLUP = "0x" + "11" * 20
ADDRESS_ONE = "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf"


def run(command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Postgres:
    """A throw-away cluster with PostgreSQL's own settings: fsync on, synchronous_commit on."""

    def __init__(self, folder):
        self.folder = Path(folder) / "postgres"
        self.folder.mkdir()
        self.binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        self.port = free_port()
        self.user = "postgres" if os.geteuid() == 0 else None
        if self.user:
            run(["chown", "-R", self.user, folder])
        self.call("initdb", "-D", self.folder, "-A", "trust", "-U", "postgres")
        self.call("pg_ctl", "-D", self.folder, "-w", "-l", self.folder / "log", "-o",
                  f"-p {self.port} -c listen_addresses=127.0.0.1 "
                  f"-c unix_socket_directories={self.folder} -c max_wal_size=4GB", "start")

    def call(self, program, *arguments):
        return run([self.binaries / program, *arguments], user=self.user, cwd=self.folder)

    def stop(self):
        self.call("pg_ctl", "-D", self.folder, "-m", "immediate", "stop")

    def url(self, database):
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def sql(self, database, text):
        return run(["psql", "-qAt", "-v", "ON_ERROR_STOP=1", self.url(database), "-c", text])

    def database(self, name):
        self.sql("postgres", f"CREATE DATABASE {name}")
        return self.url(name)


class Bench:
    def __init__(self, build, postgres, folder, options):
        self.build = build
        self.postgres = postgres
        self.folder = Path(folder)
        self.options = options
        self.next_slot = 1_000_000_000

    def slots(self):
        """Slots that no other run has used."""
        self.next_slot += 10_000_000
        return self.next_slot

    def migrated(self, name, *options):
        url = self.postgres.database(name)
        run([self.build / "bin/holdfast", "migrate-ha-db", "up", *options],
            env=dict(os.environ, DATABASE_URL=url))
        return url

    def library(self, url, in_flight, **environment):
        return json.loads(run([self.build / "bench/library_bench", url, in_flight,
                               self.options.seconds, self.slots()],
                              env=dict(os.environ, **environment)))

    def aztec(self, url, in_flight):
        environment = dict(os.environ, LOG_LEVEL="silent")
        out = run(["node", ROOT / "bench/aztec_bench.mjs", url, in_flight, self.options.seconds,
                   self.slots()], env=environment)
        return json.loads(out.strip().splitlines()[-1])

    def pgbench(self, url, clients):
        out = run([self.postgres.binaries / "pgbench", "--no-vacuum", "--protocol=prepared",
                   "-c", clients, "-j", min(clients, 2), "-T", self.options.seconds, "-l",
                   f"--log-prefix={self.folder}/pgbench_{clients}_{self.slots()}",
                   "-f", ROOT / "bench/pgbench_duty.sql", url])
        latencies = []
        for log in self.folder.glob("pgbench_*"):
            latencies += [int(line.split()[2]) for line in log.read_text().splitlines()]
            log.unlink()
        return {"per_second": float(re.search(r"tps = ([\d.]+)", out).group(1)),
                "median_us": statistics.median(latencies)}

    def http(self, signer, in_flight):
        return json.loads(run([self.build / "bench/http_bench", signer.port, ADDRESS_ONE,
                               in_flight, self.options.seconds, self.slots()]))

    def in_turns(self, **sides):
        """Runs the sides one after another, `rounds` times; gives each side's runs."""
        results = {name: [] for name in sides}
        for _ in range(self.options.rounds):
            for name, side in sides.items():
                results[name].append(side())
        return results


class Signer:
    """A real `holdfast signer` process."""

    def __init__(self, bench, name, keys=1, database_url=None, extra=()):
        folder = bench.folder / name
        folder.mkdir()
        keystore = folder / "keystore.json"
        validators = [{"attester": f"0x{key:064x}", "feeRecipient": "0x" + "00" * 32}
                      for key in range(1, keys + 1)]
        keystore.touch(mode=0o600)
        keystore.write_text(json.dumps({"schemaVersion": 1, "validators": validators}))
        self.port, self.ops_port = free_port(), free_port()
        environment = dict(os.environ)
        if database_url:
            environment["VALIDATOR_HA_DATABASE_URL"] = database_url
        self.began = time.monotonic()
        self.log = open(folder / "log", "w")
        self.process = subprocess.Popen(
            [str(bench.build / "bin/holdfast"), "signer", "--node-id", name, "--rollup-address",
             ROLLUP, "--chain-id", "1", "--keystore", str(keystore), "--data-dir", str(folder),
             "--listen", f"127.0.0.1:{self.port}", "--ops-listen", f"127.0.0.1:{self.ops_port}",
             *extra], env=environment, stdout=subprocess.PIPE, stderr=self.log, text=True)
        if not self.process.stdout.readline():
            sys.exit(f"the signer did not start: {(folder / 'log').read_text()}")

    def sign(self, slot, byte="aa"):
        context = {"dutyType": "BLOCK_PROPOSAL", "slot": str(slot), "blockNumber": "50",
                   "blockIndexWithinCheckpoint": 0}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_sign",
                           "params": [ADDRESS_ONE, "0x" + byte * 32, context]}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/", body,
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)

    def resident_mib(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait()
        self.log.close()


def median(runs, field):
    return statistics.median(run[field] for run in runs)


def throughput_rows(bench, rows):
    ours = bench.migrated("holdfast_bench")
    # Ours bears the triggers; what it is compared with is as Aztec's own migrations leave it.
    theirs = bench.migrated("aztec_bench", "--no-harden")
    signer = Signer(bench, "http-bench", database_url=ours)
    runs = bench.in_turns(library=lambda: bench.library(ours, 100),
                          aztec=lambda: bench.aztec(theirs, 100),
                          pgbench=lambda: bench.pgbench(theirs, 32),
                          http=lambda: bench.http(signer, 100))
    signer.stop()
    speed = {name: median(runs[name], "per_second") for name in runs}
    rows.append(("library, 100 in flight", speed["library"], "/s", "Aztec's signer, 100 in flight",
                 speed["aztec"], speed["library"] / speed["aztec"], ">= 15x"))
    rows.append(("library, 100 in flight", speed["library"], "/s", "pgbench, 32 clients",
                 speed["pgbench"], speed["library"] / speed["pgbench"], ">= 2.5x"))
    rows.append(("HTTP, 100 in flight", speed["http"], "/s", "pgbench, 32 clients",
                 speed["pgbench"], speed["http"] / speed["pgbench"], ">= 2.5x"))
    # The journal's sync and the database's wait for each other where they share a disk.
    alone = bench.in_turns(library=lambda: bench.library(ours, 1),
                           apart=lambda: bench.library(ours, 1, TMPDIR="/dev/shm"),
                           pgbench=lambda: bench.pgbench(theirs, 1))
    pgbench_us = median(alone["pgbench"], "median_us")
    for side, name in (("library", "library, 1 in flight, median"),
                       ("apart", "the same, the journal not on the database's disk")):
        ours_us = median(alone[side], "median_us")
        rows.append((name, ours_us, "us", "pgbench, 1 client", pgbench_us, ours_us / pgbench_us,
                     "<= 1.3x"))


def old_rows_row(bench, rows):
    empty = bench.migrated("no_old_rows")
    full = bench.migrated("old_rows")
    bench.postgres.sql("old_rows", f"""
        INSERT INTO validator_duties (rollup_address, validator_address, slot, block_number,
          block_index_within_checkpoint, duty_type, status, message_hash, signature, node_id,
          lock_token, started_at, completed_at)
        SELECT '{ROLLUP}', '{ADDRESS_ONE}', n, 50, 0, 'BLOCK_PROPOSAL', 'signed',
          '0x' || repeat('aa', 32), '0x' || repeat('cc', 65), 'old', 'hf1-' || repeat('b', 32),
          now() - interval '2 days', now() - interval '2 days'
        FROM generate_series(1, {bench.options.rows}) AS n""")
    bench.postgres.sql("old_rows", "VACUUM ANALYZE validator_duties")
    bench.postgres.sql("postgres", "CHECKPOINT")
    runs = bench.in_turns(full=lambda: bench.library(full, 100),
                          empty=lambda: bench.library(empty, 100))
    with_rows, without = (median(runs[name], "per_second") for name in ("full", "empty"))
    rows.append((f"library, {bench.options.rows:,} old rows", with_rows, "/s", "empty table",
                 without, with_rows / without, ">= 0.9x"))


def take_over_row(bench, rows):
    """A node is killed while it holds the lock of a duty; how long until another has signed it?"""
    url = bench.migrated("take_over")
    survivor = Signer(bench, "survivor", database_url=url)
    slot = bench.slots()
    bench.postgres.sql("take_over", f"""
        INSERT INTO validator_duties (rollup_address, validator_address, slot, block_number,
          block_index_within_checkpoint, duty_type, status, message_hash, node_id, lock_token)
        VALUES ('{ROLLUP}', '{ADDRESS_ONE}', {slot}, 50, 0, 'BLOCK_PROPOSAL', 'signing',
          '0x' || repeat('aa', 32), 'dead', 'hf1-' || repeat('b', 32))""")
    began = time.monotonic()
    answer = survivor.sign(slot)
    seconds = time.monotonic() - began
    if "result" not in answer:
        sys.exit(f"the duty of the dead node was not taken over: {answer}")
    survivor.stop()
    rows.append(("take-over of a dead node's duty", seconds, "s", "Aztec's clean-up", 144.0,
                 seconds / 144.0, "<= 3.1 s"))


def start_rows(bench, rows):
    for keys, memory_goal, start_goal in ((1, 20, 0.2), (bench.options.keys, 120, 2.0)):
        signer = Signer(bench, f"start-{keys}", keys=keys, extra=("--memory-lock", "best_effort"))
        answer = signer.sign(1)
        seconds = time.monotonic() - signer.began
        if "result" not in answer:
            sys.exit(f"no signature: {answer}")
        time.sleep(2)
        rows.append((f"idle memory, {keys:,} keys", signer.resident_mib(), "MiB", "", None, None,
                     f"<= {memory_goal} MiB"))
        rows.append((f"start to first signature, {keys:,} keys", seconds, "s", "", None, None,
                     f"<= {start_goal} s"))
        signer.stop()


def print_table(rows):
    number = lambda value: f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
    print("| figure | measured | against | measured | ratio | goal |")
    print("|---|---|---|---|---|---|")
    for name, value, unit, against, other, ratio, goal in rows:
        other = f"{number(other)} {unit}" if other is not None else ""
        ratio = f"{ratio:.2f}x" if ratio is not None else ""
        print(f"| {name} | {number(value)} {unit} | {against} | {other} | {ratio} | {goal} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=ROOT / "build/release")
    parser.add_argument("--seconds", type=int, default=10, help="length of each run")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each side, in turns")
    parser.add_argument("--rows", type=int, default=10_000_000, help="old rows")
    parser.add_argument("--keys", type=int, default=10_000, help="keys of the larger signer")
    parser.add_argument("--only", choices=["throughput", "old_rows", "take_over", "start"])
    parser.add_argument("--plot", type=Path, default=ROOT / "bench/results/ratios.svg")
    options = parser.parse_args()
    parts = {"throughput": throughput_rows, "old_rows": old_rows_row,
             "take_over": take_over_row, "start": start_rows}
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        postgres = Postgres(folder)
        try:
            bench = Bench(options.build.resolve(), postgres, folder, options)
            print(f"# {platform.machine()}, {os.cpu_count()} cores; "
                  f"{postgres.sql('postgres', 'SHOW server_version').strip()} (PostgreSQL), node "
                  f"{run(['node', '--version']).strip()}; {options.rounds} rounds of "
                  f"{options.seconds} s, medians; fsync on")
            for name, part in parts.items():
                if options.only in (None, name):
                    part(bench, rows)
        finally:
            postgres.stop()
    print_table(rows)
    options.plot.parent.mkdir(parents=True, exist_ok=True)
    options.plot.write_text(draw_ratios(rows))
    print(f"plot: {options.plot}")


if __name__ == "__main__":
    main()

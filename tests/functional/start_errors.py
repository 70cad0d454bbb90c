#!/usr/bin/env python3
"""Every way in which a signer does not start: the exit code, what it says, and no secret in it.

Wrong usage or configuration is exit code 2, what only a change elsewhere mends is 1.
"""

import os
import re

import harness
from harness import Harness

SECRET = "sesame-9f1e"
KEY = "0x" + harness.KEYS[0].hex()


def arguments(h: Harness, **changed: str | None) -> list[str]:
    """The flags of a signer that would start, with some changed or (None) left out."""
    flags = {"--node-id": "a", "--rollup-address": harness.ROLLUP, "--chain-id": "1",
             "--keystore": str(h.keystore), "--data-dir": str(h.folder / "data"),
             "--listen": "127.0.0.1:0", "--ops-listen": "127.0.0.1:0"}
    for name, value in changed.items():
        flags["--" + name.replace("_", "-")] = value
    return [word for name, value in flags.items() if value is not None for word in (name, value)]


def expect(h: Harness, what: str, code: int, pattern: str, words: list[str],
           environment: dict[str, str] | None = None) -> None:
    result = h.run("signer", *words, environment=environment)
    output = result.stdout + result.stderr
    problems = []
    if result.returncode != code:
        problems.append(f"exit code {result.returncode}, not {code}")
    if not re.search(pattern, result.stderr, re.I | re.S):
        problems.append(f"no {pattern!r} on stderr")
    if SECRET in output or KEY[2:] in output:
        problems.append("a secret is printed")
    if "schema not initialized" in output.lower():
        problems.append("Aztec's misleading text")
    if "terminate called" in output or "CHECK" in output:
        problems.append("the process aborts")
    if problems:
        raise AssertionError(f"{what}: {'; '.join(problems)}\n{output[-1500:]}")
    print(f"  {what}: {result.stderr.strip().splitlines()[-1][:150] if result.stderr else ''}")


def flags(h: Harness) -> None:
    for name, word in (("node_id", "node-id"), ("rollup_address", "rollup-address"),
                       ("keystore", "keystore")):
        expect(h, f"without --{word}", 2, word, arguments(h, **{name: None}))
    rows = [
        ("unknown flag", ["--no-such-flag", "1"], "no-such-flag"),
        ("flag without value", ["--node-id"], "node-id"),
        ("a stray word", ["stray"], "belongs to no flag"),
    ]
    for what, words, pattern in rows:
        expect(h, what, 2, pattern, arguments(h) + words)
    changed = [
        ("rollup_address", "0x12", "rollup-address"),
        ("rollup_address", "0x" + "zz" * 20, "rollup-address"),
        ("chain_id", "0", "chain-id"),
        ("chain_id", "-1", "chain-id"),
        ("chain_id", "1e3", "chain-id"),
        ("node_id", "", "node-id"),
        ("node_id", "n" * 256, "node-id"),
        ("listen", "127.0.0.1", "listen"),
        ("listen", "127.0.0.1:65536", "listen"),
        ("listen", "0.0.0.0:0", "other machines"),
        ("ops_listen", "nowhere", "ops-listen"),
        ("database_url", "mysql://u:" + SECRET + "@h/d", "database"),
        ("replay", "perhaps", "replay"),
        ("polling_interval_ms", "0", "polling"),
        ("signing_timeout_ms", "3s", "signing-timeout"),
        ("log_level", "loud", "log"),
        ("bearer_token_file", "/nonexistent/token", "token"),
        ("tls_certificate", "/nonexistent/cert.pem", "tls|certificate"),
    ]
    for name, value, pattern in changed:
        expect(h, f"--{name} {value[:30]}", 2, pattern, arguments(h, **{name: value}))


def environment(h: Harness) -> None:
    rows = [
        ("VALIDATOR_HA_SIGNING_ENABLED", "maybe", "SIGNING_ENABLED"),
        ("VALIDATOR_HA_SIGNING_ENABLED", "false", "SIGNING_ENABLED|signing.enabled"),
        ("VALIDATOR_HA_POOL_MAX", "many", "POOL_MAX"),
        ("VALIDATOR_HA_POOL_MAX", "0", "POOL_MAX"),
        ("VALIDATOR_HA_REPLAY", "ANYTHING", "REPLAY"),
        ("VALIDATOR_HA_DATABASE_URL", "postgres//u:" + SECRET + "@h/d", "DATABASE_URL"),
    ]
    for name, value, pattern in rows:
        expect(h, f"{name}={value}", 2, pattern, arguments(h), {name: value})


def configuration_file(h: Harness) -> None:
    rows = [
        ("unknown key", "[node]\nid = \"a\"\nidd = \"b\"\n", "idd"),
        ("unknown table", "[nodes]\nid = \"a\"\n", "nodes"),
        ("wrong type", "[node]\nchain_id = \"one\"\n", "chain_id"),
        ("not TOML", "[node\n", r"line 1|:1:"),
    ]
    for what, text, pattern in rows:
        path = h.write_secret(h.folder / "signer.toml", text)
        expect(h, f"configuration: {what}", 2, pattern, arguments(h) + ["--config", str(path)])
    expect(h, "no configuration file", 2, "missing.toml",
           arguments(h) + ["--config", str(h.folder / "missing.toml")])


def keystore(h: Harness) -> None:
    def file(name: str, text: str, mode: int = 0o600) -> str:
        path = h.write_secret(h.folder / name, text)
        os.chmod(path, mode)
        return str(path)
    good = h.keystore.read_text()
    rows = [
        ("missing", str(h.folder / "nothing.json"), "nothing.json"),
        ("readable by others", file("open.json", good, 0o644), r"open\.json.*(chmod|0?600|mode)"),
        ("readable by the group", file("group.json", good, 0o640), r"group\.json"),
        ("not JSON", file("broken.json", '{"' + KEY), r"broken\.json"),
        ("empty", file("empty.json", ""), r"empty\.json"),
        ("unknown key", file("extra.json", good.replace("{", '{"x": 1, ', 1)), r"extra\.json"),
        ("a short key", file("short.json", good.replace(KEY, KEY[:-2])), r"short\.json.*attester"),
        ("key zero", file("zero.json", good.replace(KEY, "0x" + "00" * 32)), r"zero\.json"),
        ("twice the same attester", f"{h.keystore},{file('again.json', good)}", "duplicate|twice"),
    ]
    for what, value, pattern in rows:
        expect(h, f"keystore {what}", 2, pattern, arguments(h, keystore=value))


def database(h: Harness) -> None:
    url = f"postgresql://u:{SECRET}@127.0.0.1:1/validator_ha?connect_timeout=2"
    expect(h, "database down", 1, r"127\.0\.0\.1.*", arguments(h),
           {"VALIDATOR_HA_DATABASE_URL": url})
    server = h.postgres(migrate=False)
    expect(h, "wrong password", 1, "password|authentication", arguments(h),
           {"VALIDATOR_HA_DATABASE_URL": server.url(password=SECRET)})
    expect(h, "no such database", 1, "nowhere", arguments(h),
           {"VALIDATOR_HA_DATABASE_URL": server.url("nowhere")})
    expect(h, "not migrated", 1, "migrate-ha-db up", arguments(h),
           {"VALIDATOR_HA_DATABASE_URL": server.url()})
    h.run("migrate-ha-db", "up", "--database-url", server.url(), check=True)
    server.sql("UPDATE schema_version SET version = 3")
    expect(h, "a newer schema", 1, r"\b3\b", arguments(h),
           {"VALIDATOR_HA_DATABASE_URL": server.url()})


def places(h: Harness) -> None:
    node = h.node("first").start()
    expect(h, "address in use", 1, "in use|" + re.escape(node.signing),
           arguments(h, listen=node.signing))
    blocker = h.folder / "file"
    blocker.write_text("")
    expect(h, "data directory is a file", 1, "file", arguments(h, data_dir=str(blocker)))
    broken = h.folder / "broken-data"
    broken.mkdir(mode=0o700)
    h.write_secret(broken / "duties.db", "this is not a database, " * 100)
    expect(h, "duties.db is something else", 1, r"duties\.db", arguments(h, data_dir=str(broken)))


TESTS = {f.__name__: f for f in (flags, environment, configuration_file, keystore, database,
                                 places)}
if __name__ == "__main__":
    harness.main(TESTS)

#!/usr/bin/env python3
"""How a signer reaches PostgreSQL: TLS as the URL says, and several hosts in one URL."""

import os
import pathlib
import pwd
import subprocess

import harness
from harness import Duty, Harness


def certificate(folder: pathlib.Path, name: str) -> tuple[pathlib.Path, pathlib.Path]:
    """A self-signed certificate of 127.0.0.1, which is its own authority, and its key."""
    folder.mkdir(mode=0o755, exist_ok=True)
    cert, key = folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", key, "-out", cert], check=True, capture_output=True)
    key.chmod(0o600)
    if os.geteuid() == 0:
        entry = pwd.getpwnam("postgres")
        os.chown(key, entry.pw_uid, entry.pw_gid)
    return cert, key


def tls(h: Harness) -> None:
    folder = h.folder / "tls"
    cert, key = certificate(folder, "server")
    stranger, _ = certificate(folder, "stranger")
    server = h.postgres({"ssl": "on", "ssl_cert_file": str(cert), "ssl_key_file": str(key)})
    verified = f"{server.signer_url()}?sslmode=verify-full&sslrootcert={cert}"
    node = h.node("a", verified).start()
    node.sign(Duty(1), h.payload())
    plain = server.sql("SELECT count(*) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) "
                       "WHERE a.application_name = 'holdfast' AND NOT s.ssl")
    if plain != ["0"]:
        raise AssertionError(f"{plain} connections of the signer are not encrypted")
    # A server that cannot show a certificate of the named authority is not spoken to.
    distrusting = h.node("b", f"{server.signer_url()}?sslmode=verify-full&sslrootcert={stranger}")
    distrusting.launch()
    code = distrusting.process.wait(harness.PATIENCE)
    if code != 1 or "certificate" not in distrusting.log():
        raise AssertionError(f"exit code {code}:\n{distrusting.log()}")


def several_hosts(h: Harness) -> None:
    """The first host is dead and the second is the primary; after a restart it is found again."""
    server = h.postgres()
    url = server.signer_url().replace(f"127.0.0.1:{server.port}",
                                      f"127.0.0.1:1,127.0.0.1:{server.port}")
    node = h.node("a", url + "?target_session_attrs=read-write").start()
    node.sign(Duty(1), h.payload())
    server.kill()
    server.start()

    def signs_again() -> bool:
        try:
            node.sign(Duty(2), payload)
        except harness.RpcError:
            return False
        return True

    payload = h.payload()
    harness.wait_until("the signer is back", signs_again)


if __name__ == "__main__":
    harness.main({"tls": tls, "several_hosts": several_hosts})

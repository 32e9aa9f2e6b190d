"""A real nginx with deploy/nginx.conf in front of services of the test, without privileges, in a folder of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from pathlib import Path

from tests.conftest import ROOT, free_ports, missing

# What Debian's /etc/nginx/nginx.conf is around a site, as docs/deploy.md says to change it.
MAIN = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; worker_rlimit_nofile 16384;
events {{ worker_connections 8192; }}
http {{
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; default_type application/octet-stream; gzip on;
    include {folder}/site.conf;
}}
"""


class Nginx:
    """Started by ``start``; ``port`` speaks TLS with a certificate of its own, ``plain_port`` only leads there."""

    def __init__(self, folder: Path, services: list[int]) -> None:
        """``services``: their ports on loopback. Raises AssertionError when the file no longer has what is replaced."""
        if not shutil.which("nginx") or not shutil.which("openssl"):
            missing("no nginx or openssl: install Debian's packages nginx and openssl")
        self._folder = folder
        self.port, self.plain_port = free_ports(2)
        text = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
        for old, new in {
            "listen 80;": f"listen 127.0.0.1:{self.plain_port};",
            "listen [::]:80;": "",
            "listen 443 ssl;": f"listen 127.0.0.1:{self.port} ssl;",
            "listen [::]:443 ssl;": "",
            "/etc/ssl/yinfawen/": f"{folder}/",
            "/var/log/nginx/": f"{folder}/",
            "server 127.0.0.1:8000 ": f"server 127.0.0.1:{services[0]} ",
            "# server 10.0.0.2:8000 ": f"server 127.0.0.1:{services[1]} " if len(services) > 1 else "# ",
            "$request_time'": "$request_time $upstream_addr'",  # so that a test can count the tries
        }.items():
            assert old in text, old
            text = text.replace(old, new)
        (folder / "site.conf").write_text(text, encoding="utf-8")
        (folder / "nginx.conf").write_text(MAIN.format(folder=folder), encoding="utf-8")
        names = ("-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem"))
        new = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=fa.example.org", "-days", "1")
        subprocess.run(["openssl", *new, *names], check=True, capture_output=True)
        self._user = None
        if os.geteuid() == 0:  # as root it would change to another account by itself, one that cannot read the folder
            self._user = next(name for name in ("www-data", "nobody") if name in {p.pw_name for p in pwd.getpwall()})
            for path in (folder, *folder.iterdir()):
                shutil.chown(path, self._user)
        self._process: subprocess.Popen[bytes] | None = None

    def _command(self, *more: str) -> list[str]:
        given = ("-e", f"{self._folder}/error.log", "-p", str(self._folder), "-c", f"{self._folder}/nginx.conf")
        return [str(shutil.which("nginx")), *given, *more]

    def check(self) -> subprocess.CompletedProcess[str]:
        """``nginx -t`` on the configuration."""
        return subprocess.run(self._command("-t"), user=self._user, capture_output=True, text=True, cwd="/")

    def start(self) -> None:
        self._process = subprocess.Popen(self._command(), user=self._user, cwd="/")
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError((self._folder / "error.log").read_text())

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)

    def lines(self) -> list[str]:
        """The access log; nginx writes a line when the reply has gone out."""
        return (self._folder / "yinfawen.log").read_text().splitlines()

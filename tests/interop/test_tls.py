"""Two instances behind nginx, over TLS with a private authority, as two libraries would run them."""

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme

from libline_fed.bench.processes import ProcessFailed, environ_of, free_ports, run
from tests.support.browsing import logged_in
from tests.support.processes import LiveInstance, wait_for

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("interop")]

NAMES = ("a.localhost", "b.localhost")
MEMBERS = {"a.localhost": "ana", "b.localhost": "ben"}

NGINX_CONF = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    ssl_certificate {folder}/chain.pem;
    ssl_certificate_key {folder}/key.pem;
{servers}
}}
"""
SERVER_CONF = """
    server {{
        listen 127.0.0.1:{tls_port} ssl;
        server_name {name};
        client_max_body_size 2m;
        location / {{
            proxy_pass http://127.0.0.1:{port};
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto https;
        }}
    }}
"""


@dataclass
class Pair:
    """The two instances by name, and what a client must trust to reach them."""

    instances: dict[str, LiveInstance]
    tls_port: int
    trust: ssl.SSLContext

    def acct(self, name: str) -> str:
        """Return the address of the member of an instance."""
        return f"@{MEMBERS[name]}@{name}:{self.tls_port}"


@pytest.fixture(scope="module")
def loopback_names() -> Iterator[None]:
    """Let this process find *.localhost on machines whose system library does not (RFC 6761 §6.3)."""
    real = socket.getaddrinfo

    def look_up(host: Any, *rest: Any, **more: Any) -> Any:
        return real("localhost" if host in NAMES else host, *rest, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", look_up)
        yield


@pytest.fixture(scope="module")
def pair(loopback_names: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    tls_port, *ports = free_ports(3)
    instances = {
        name: LiveInstance(
            folder / name,
            base_url=f"https://{name}:{tls_port}",
            port=port,
            extra_ca=folder / "ca.pem",
            trusted_proxies="127.0.0.1",
        )
        for name, port in zip(NAMES, ports, strict=True)
    }
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    nginx = start_nginx(folder, authority.issue_cert(*NAMES), tls_port, dict(zip(NAMES, ports, strict=True)))
    try:
        for name, instance in instances.items():
            instance.start().add_member(MEMBERS[name])
        yield Pair(instances, tls_port, trust)
    finally:
        for instance in instances.values():
            instance.stop()
        nginx.terminate()
        nginx.wait(15)


def start_nginx(
    folder: Path, certificate: trustme.LeafCert, tls_port: int, ports: dict[str, int]
) -> "subprocess.Popen[bytes]":
    program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    assert program is not None, "nginx is missing (Debian, Ubuntu: apt-get install nginx-light)"
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    for part in certificate.cert_chain_pems:
        part.write_to_path(folder / "chain.pem", append=True)
    servers = "".join(
        SERVER_CONF.format(tls_port=tls_port, name=name, port=port) for name, port in ports.items()
    )
    configuration = folder / "nginx.conf"
    configuration.write_text(NGINX_CONF.format(folder=folder, servers=servers))
    with (folder / "nginx.log").open("wb") as log:
        return subprocess.Popen(
            [program, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(configuration)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


@pytest.mark.parametrize(("here", "there"), [NAMES, NAMES[::-1]])
def test_an_offer_federates_over_tls(pair: Pair, here: str, there: str) -> None:
    with logged_in(pair.instances[here], MEMBERS[here], verify=pair.trust) as browser:
        person = browser.submit("/search", q=pair.acct(there))
        assert person.status_code == 200
        browser.submit(f"{person.url.path}/follow")
        accepted = (
            "SELECT count(*) FROM follows f JOIN actors a ON a.id = f.followed_id "
            "WHERE f.state = 'accepted' AND NOT a.is_local"
        )
        wait_for(lambda: pair.instances[here].number(accepted), "the Accept")
        title = f"Offered at {there}"
        pair.instances[there].add_offer(MEMBERS[there], title)
        wait_for(lambda: title in browser.open("/mentors").text, "the offer in the other directory")


def test_a_certificate_of_an_unknown_authority_is_refused(pair: Pair) -> None:
    address = f"https://b.localhost:{pair.tls_port}/actor"
    settings = dict(pair.instances["a.localhost"].settings)
    assert b"Application" in run("libline_fed", ["fetch", address], environ=environ_of(settings))
    del settings["extra_ca"]
    with pytest.raises(ProcessFailed, match=r"(?i)certificate"):
        run("libline_fed", ["fetch", address], environ=environ_of(settings))

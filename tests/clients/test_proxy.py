"""Behind a proxy that speaks TLS, under a name and a path: nginx as docs/operations.md configures it."""

import contextlib
import datetime
import pathlib
import subprocess
import time

import mlflow
import pytest
import requests
from conftest import REPOSITORY, free_port
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from ledger import API
from machine import program

pytestmark = pytest.mark.ours

NAME = "localhost"


def make_certificate(folder):
    """A key and a certificate for NAME that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
    certificate = builder.sign(key, hashes.SHA256())
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    kind = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(key.private_bytes(*kind))


def documented_site():
    """The nginx site of docs/operations.md."""
    text = (REPOSITORY / "docs/operations.md").read_text()
    return text.split("```nginx\n")[1].split("```")[0]


@contextlib.contextmanager
def nginx(folder, site):
    """nginx with one site and everything else below `folder`."""
    paths = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    http = f"access_log off;\n{paths}{site}"
    main = f"daemon off;\npid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{}}\nhttp {{\n{http}}}\n"
    (folder / "nginx.conf").write_text(main)
    log = (folder / "output.log").open("wb")
    process = subprocess.Popen([program("nginx"), "-c", folder / "nginx.conf"], stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)
        log.close()


@pytest.fixture(scope="module")
def proxied(start_server, tmp_path_factory):
    """The outer address of a server behind nginx, and the certificate to trust."""
    folder = tmp_path_factory.mktemp("nginx")
    make_certificate(folder)
    port = free_port()
    flags = ["--static-prefix", "/mlflow", "--allowed-hosts", f"{NAME}:{port},ml.example.com"]
    server = start_server("forebay", f"sqlite:///{folder}/mlflow.db", folder / "artifacts", extra_args=flags)
    inner = server.url.removeprefix("http://").removesuffix("/mlflow")
    site = documented_site().replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl")
    site = site.replace("ml.example.com", NAME).replace("127.0.0.1:5000", inner).replace("/etc/nginx/", f"{folder}/")
    with nginx(folder, site):
        url = f"https://{NAME}:{port}/mlflow"
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with contextlib.suppress(requests.RequestException):
                if requests.get(f"{url}/health", verify=folder / "cert.pem", timeout=2).ok:
                    break
            time.sleep(0.05)
        else:
            pytest.fail(pathlib.Path(folder / "output.log").read_text())
        yield url, str(folder / "cert.pem"), server


def test_the_stock_client_works_through_tls_and_a_prefix(proxied, monkeypatch, tmp_path):
    url, certificate, _ = proxied
    monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", certificate)
    client = mlflow.MlflowClient(url)
    run_id = client.create_run("0").info.run_id
    client.log_metric(run_id, "m", 1.0)
    (tmp_path / "large.bin").write_bytes(b"x" * (5 << 20))
    client.log_artifact(run_id, tmp_path / "large.bin")
    assert client.get_run(run_id).data.metrics == {"m": 1.0}
    assert [file.path for file in client.list_artifacts(run_id)] == ["large.bin"]
    (tmp_path / "down").mkdir()
    copy = client.download_artifacts(run_id, "large.bin", str(tmp_path / "down"))
    assert pathlib.Path(copy).read_bytes() == (tmp_path / "large.bin").read_bytes()


@pytest.mark.parametrize(("origin", "status"), [("https://ml.example.com", 200), ("https://evil.example.com", 403)])
def test_a_page_of_the_proxys_name_may_write_and_a_foreign_one_may_not(proxied, origin, status):
    url, certificate, _ = proxied
    search = f"{url}/{API}/runs/search".replace("/api/", "/ajax-api/")
    headers = {"Host": "ml.example.com", "Origin": origin}
    body = {"experiment_ids": ["0"]}
    assert requests.post(search, json=body, headers=headers, verify=certificate, timeout=20).status_code == status


def test_whoever_reaches_the_server_past_the_proxy_must_know_its_name(proxied):
    _, _, server = proxied
    assert requests.get(f"{server.url}/health", timeout=20).status_code == 200
    search = f"{server.url}/{API}/experiments/get?experiment_id=0"
    assert requests.get(search, timeout=20).status_code == 403
    assert requests.get(search, headers={"Host": "ml.example.com"}, timeout=20).status_code == 200

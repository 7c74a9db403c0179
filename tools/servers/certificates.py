"""A throw-away authority for tests: certificates of servers and clients, and some to refuse."""

from datetime import UTC, datetime
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

FOLDER = "certificates"
# Not by its address: whoever connects to that meets the wrong host name.
HOST = "localhost"
CLIENT = "service"
# Without any, Java and Erlang refuse a certificate.
CLIENT_HOST = "client.localhost"
PAST = datetime(2001, 1, 1, tzinfo=UTC)


def make_certificates(home: Path) -> Path:
    """Return the folder of the certificates, made by the first call."""
    folder = home / FOLDER
    if (folder / "complete").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    authority, stranger = trustme.CA(), trustme.CA(organization_name="a stranger")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    stranger.cert_pem.write_to_path(folder / "stranger-ca.pem")
    write(folder, "server", authority.issue_cert(HOST))
    write(folder, "expired", authority.issue_cert(HOST, not_before=PAST, not_after=PAST))
    write(folder, "client", authority.issue_cert(CLIENT_HOST, common_name=CLIENT))
    write(folder, "stranger", stranger.issue_cert(CLIENT_HOST, common_name=CLIENT))
    (folder / "complete").touch()
    return folder


def write(folder: Path, name: str, issued: trustme.LeafCert) -> None:
    """Write a certificate, its key, and a file of both, as Kafka wants it."""
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    # Java reads this form of a key only; the others read it too.
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
    (folder / f"{name}.pem").write_bytes(chain)
    for path, content in ((f"{name}.key", text), (f"{name}-both.pem", text + chain)):
        file = folder / path
        file.touch(mode=0o600)
        file.write_bytes(content)

"""``plumewatch node``: the signing key of a worker's node and its certificate. The worker must not run meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plumewatch.failures import UsageError
from plumewatch.logs import configure

if TYPE_CHECKING:
    from vision.evidence.node import NodeIdentity

node_app = typer.Typer(help="A worker's signing key and its certificate.", no_args_is_help=True)

Data = Annotated[Path, typer.Option("--data", "-d", help="The worker's data folder.", envvar="PLUMEWATCH_DATA_DIR")]


@contextmanager
def _node(data: Path) -> "Iterator[NodeIdentity]":
    """Hold the node of a data folder; raise `UsageError` where there is none yet."""
    from vision.evidence.node import FACTS, NodeIdentity  # noqa: PLC0415

    configure(quiet=True)
    folder = data / "node"
    if not (folder / FACTS).exists():
        raise UsageError(f"{folder}: no node; a worker makes it at its first start")
    node = NodeIdentity.open(folder)
    try:
        yield node
    finally:
        node.close()


@node_app.command("show")
def show(data: Data = Path("plumewatch-data")) -> None:
    """Print the node's name, number, and its certificate's fingerprint and end."""
    from api.contract.trust.stamp import read_certificate  # noqa: PLC0415

    with _node(data) as node:
        certificate = read_certificate(node.certificate_pem)
        issuer = "itself" if certificate.issuer == certificate.subject else certificate.issuer.rfc4514_string()
        print(f"node         {node.name}, number {node.number:03d}")
        print(f"certificate  {node.certificate_sha256}")
        print(f"issued by    {issuer}, until {certificate.not_valid_after_utc.isoformat()}")


@node_app.command("csr")
def csr(data: Data = Path("plumewatch-data")) -> None:
    """Print a certificate request for the node's key, to be sent to the bureau's authority."""
    with _node(data) as node:
        print(node.request().decode(), end="")


@node_app.command("import")
def import_certificate(
    certificate: Annotated[Path, typer.Argument(help="The certificate that the authority issued (PEM).")],
    data: Data = Path("plumewatch-data"),
) -> None:
    """Sign with the certificate that the authority issued; the API must trust that authority first."""
    with _node(data) as node:
        node.succeed(certificate.read_bytes())
        print(f"{node.name} signs with the certificate {node.certificate_sha256}")


@node_app.command("rotate")
def rotate(data: Data = Path("plumewatch-data")) -> None:
    """Make a new key and sign with it; what the old one signed stays valid."""
    with _node(data) as node:
        node.rotate()
        print(f"{node.name} signs with the certificate {node.certificate_sha256}")

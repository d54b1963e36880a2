"""A small evidence package with fixed content, signed by keys made for the test; and how to run its checks."""

import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from api.contract.evidence.manifest import (
    FIRST_PACKAGE,
    FileRole,
    Gap,
    Manifest,
    ManifestCamera,
    ManifestModel,
    ManifestRule,
    ManifestRuntime,
    ManifestStream,
    ManifestTime,
    Measurements,
)
from api.contract.evidence.package import FileOrigin, SealedPackage, Signer, seal_package
from api.contract.trust.stamp import sign
from api.contract.trust.timestamp import SITE_POLICY

LEAD_ID = "L20261123-001007"
START = datetime(2026, 11, 23, 2, 30, 5, 120000, tzinfo=UTC)

SITES_POLICY = x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(SITE_POLICY), None)])
FOR_STAMPS = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
ORIGINS = {
    "clip.mp4": FileOrigin(FileRole.ORIGINAL, "stream", "remuxed into MP4 without re-encoding"),
    "detections.jsonl": FileOrigin(FileRole.DERIVED, "clip.mp4", "detected by emissions-s 1.0.0"),
    "f0001.png": FileOrigin(FileRole.DERIVED, "clip.mp4", "decoded at 2.5 s"),
    "overlay.jpg": FileOrigin(FileRole.DERIVED, "f0001.png", "box, time and values drawn"),
}


@dataclass
class TestSigner:
    """
    A P-256 key with its certificate, self-signed or issued by `issuer`.

    Whether it is an authority is not said where `ca` is ``None``; `extensions` are critical.
    """

    __test__ = False

    name: str = "worker-01"
    issuer: "TestSigner | None" = None
    ca: bool | None = False
    start: datetime = START - timedelta(days=1)
    days: int = 730
    extensions: tuple[x509.ExtensionType, ...] = ()
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    certificate_pem: bytes = b""
    certificate: x509.Certificate = field(init=False)

    def __post_init__(self) -> None:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        issuer = subject if self.issuer is None else self.issuer.certificate.subject
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.start)
            .not_valid_after(self.start + timedelta(days=self.days))
        )
        if self.ca is not None:
            builder = builder.add_extension(x509.BasicConstraints(ca=self.ca, path_length=None), critical=True)
        for extension in self.extensions:
            builder = builder.add_extension(extension, critical=True)
        self.certificate = builder.sign(self.key if self.issuer is None else self.issuer.key, hashes.SHA256())
        self.certificate_pem = self.certificate.public_bytes(serialization.Encoding.PEM)

    def sign(self, data: bytes) -> bytes:
        """Return the detached signature over `data`."""
        return sign(self.key, data)


def sample_manifest(lead_id: str = LEAD_ID) -> Manifest:
    """The manifest of the sample package, its files not yet filled in."""
    return Manifest(
        lead_id=lead_id,
        violation_code="V04_WASTE_BURN",
        camera=ManifestCamera(id="gate-3", name="三号门", lon=116.65, lat=39.91),
        stream=ManifestStream(url_sha256="ab" * 32, codec="h264", width=1920, height=1080, fps=25.0),
        time=ManifestTime(
            first_pts=900000,
            last_pts=2700000,
            time_base="1/90000",
            epoch=0,
            first_utc=START - timedelta(seconds=10),
            last_utc=START + timedelta(seconds=10),
            source="rtcp",
            uncertainty_s=0.05,
        ),
        model=ManifestModel(name="emissions-s", version="1.0.0", weights_sha256="cd" * 32, format="onnx-fp16"),
        runtime=ManifestRuntime(
            engine="onnxruntime", version="1.32.0", device="cpu", precision="fp32", worker_id="worker-01"
        ),
        rule=ManifestRule(id="smoke.visible", version="1.0.0", params={"k": 4, "n": 6, "threshold": 0.35}),
        measurements=Measurements(
            kind="visible_emission",
            class_name="smoke",
            first_utc=START,
            confirmed_utc=START + timedelta(seconds=3),
            last_utc=START + timedelta(seconds=9),
            peak_utc=START + timedelta(seconds=4.5),
            peak_confidence=0.875,
            peak_xyxy=(100.0, 200.0, 340.5, 420.25),
            observations=18,
            duration_s=9.0,
            values={"area_fraction": 0.0255},
        ),
        gaps=[Gap(reason="packets lost", start_s=12.0, end_s=12.5)],
        prev_package_sha256=FIRST_PACKAGE,
        created_utc=START + timedelta(seconds=21),
    )


def write_evidence(folder: Path) -> None:
    """Write the evidence files of the sample package: not real media, but of fixed bytes."""
    folder.mkdir(parents=True)
    (folder / "clip.mp4").write_bytes(bytes(range(256)) * 40)
    (folder / "detections.jsonl").write_bytes(b'{"pts_s":10.0,"boxes":[]}\n{"pts_s":10.5,"boxes":[[1,2,3,4]]}\n')
    (folder / "f0001.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"pixels" * 50)
    (folder / "overlay.jpg").write_bytes(b"\xff\xd8\xff" + b"picture" * 30)


def make_package(
    parent: Path, signer: TestSigner, lead_id: str = LEAD_ID, *, sm2: Signer | None = None, **facts: object
) -> SealedPackage:
    """Return the sample package, sealed, in ``parent/lead_id``; `facts` replace members of its manifest."""
    folder = parent / lead_id
    write_evidence(folder)
    return seal_package(folder, sample_manifest(lead_id).model_copy(update=facts), ORIGINS, signer, sm2)


def run_verify_sh(folder: Path, *roots: Path, script: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run ``verify.sh`` (the package's own unless given) on `folder`."""
    command = ["bash", str(script or folder / "verify.sh"), str(folder), *map(str, roots)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

"""
Site: a store and a vault with as many filed leads as wanted, as a district would have them after some years.

Packages are sealed and signed like a worker's, with files of a few hundred bytes, so that ten thousand fit on a small
disk; one at the end has the sizes of a real one (20 s of 1080p at 4 Mbit/s, three lossless stills). Everything is drawn
from one seed.
"""

import random
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.contract.catalogue import catalogue
from api.contract.evidence.manifest import FIRST_PACKAGE, FileRole, Manifest
from api.contract.evidence.package import CLIP, DETECTIONS, FileOrigin, FolderPackage, SealedPackage, seal_package
from api.contract.trust.stamp import fingerprint, sign
from api.contract.wire.lead import LeadDocument, LeadEvidence
from api.contract.wire.state import LeadState
from api.evidence.vault import Vault
from api.store.database import Database
from api.store.leads import Filing, file_lead
from api.store.search_tables import PackageFileRow
from api.store.tables import LeadRow
from api.store.transitions import move_lead
from api.store.workers import Worker, add_worker_key, enrol_node, find_worker

NODE = "bench-01"
FIRST_DAY = datetime(2025, 1, 1, tzinfo=UTC)
DAYS = 690
CAMERAS = 200
SMALL = {"clip.mp4": 400, "f0001.png": 200, "overlay.jpg": 200}
"""Bytes of a small package's files."""
LARGE = {"clip.mp4": 10_000_000, "f0001.png": 2_600_000, "f0002.png": 2_600_000, "f0003.png": 2_600_000}
"""Bytes of a real package's files: 20 s at 4 Mbit/s and three 1080p pictures."""
LARGE_NUMBER = 900_000
"""Of the lead whose package is of that size."""
DISTRICTS = (
    ("110101", "东城区", 116.42, 39.93),
    ("110105", "朝阳区", 116.44, 39.92),
    ("110106", "丰台区", 116.29, 39.86),
    ("110108", "海淀区", 116.30, 39.96),
    ("110111", "房山区", 115.98, 39.72),
    ("110112", "通州区", 116.66, 39.91),
    ("110113", "顺义区", 116.65, 40.13),
    ("110115", "大兴区", 116.34, 39.73),
    ("130131", "平山县", 114.20, 38.26),
    ("120114", "武清区", 117.04, 39.38),
)
_PLACES = ("永兴", "张家湾", "马驹桥", "宋庄", "四季青", "窦店", "琉璃河", "牛栏山", "黄村", "杨村", "岗南", "台湖")
_TRADES = ("钢铁", "水泥", "热力", "化工", "沥青混凝土", "铸造", "砖瓦", "家具", "食品", "再生资源")
_USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@dataclass(frozen=True, slots=True)
class Outlet:
    """A camera with what it looks at."""

    camera: str
    name: str
    division: str
    town: str
    lon: float
    lat: float
    enterprise: str
    uscc: str


@dataclass(frozen=True, slots=True)
class Filed:
    """A filed lead, with what it can be found by."""

    lead: LeadDocument
    outlet: Outlet
    clip_sha256: str


class Node:
    """A worker node's key and certificate."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NODE)])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(1)
            .not_valid_before(FIRST_DAY - timedelta(days=1))
            .not_valid_after(FIRST_DAY + timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.certificate_pem = certificate.public_bytes(serialization.Encoding.PEM)
        self.fingerprint = fingerprint(certificate)

    def sign(self, data: bytes) -> bytes:
        """Return the detached signature over `data`."""
        return sign(self._key, data)


def filed_leads(session: Session) -> list[Filed]:
    """Return the filed leads of a site in order of their numbers, the one of real size left out."""
    clips = {
        row.lead_id: row.sha256 for row in session.scalars(select(PackageFileRow).where(PackageFileRow.name == CLIP))
    }
    documents = session.scalars(select(LeadRow.document).order_by(LeadRow.lead_id))
    leads = [LeadDocument.model_validate_json(document) for document in documents]
    return [Filed(lead, _outlet(lead), clips[lead.lead_id]) for lead in leads if not _is_large(lead)]


def large_lead(session: Session) -> LeadDocument:
    """Return the lead whose package has the size of a real one."""
    documents = session.scalars(select(LeadRow.document).order_by(LeadRow.event_start.desc()).limit(5))
    leads = (LeadDocument.model_validate_json(document) for document in documents)
    return next(lead for lead in leads if _is_large(lead))


def _is_large(lead: LeadDocument) -> bool:
    return lead.lead_id.endswith(f"-{LARGE_NUMBER}")


def _outlet(lead: LeadDocument) -> Outlet:
    place, target = lead.place, lead.target
    return Outlet(
        camera=lead.camera.id,
        name=lead.camera.name,
        division=place.division,
        town=place.town,
        lon=place.lon or 0.0,
        lat=place.lat or 0.0,
        enterprise="" if target is None else target.name,
        uscc="" if target is None else target.uscc,
    )


def outlets(seed: int) -> list[Outlet]:
    """Return the cameras of the site."""
    drawn = random.Random(seed)
    made = []
    for number in range(CAMERAS):
        division, district, lon, lat = drawn.choice(DISTRICTS)
        place, trade = drawn.choice(_PLACES), drawn.choice(_TRADES)
        made.append(
            Outlet(
                camera=f"cam-{number:04}",
                name=f"{place}{trade}{number % 7 + 1}号机位",
                division=division,
                town=f"{district}{place}镇",
                lon=round(lon + drawn.uniform(-0.09, 0.09), 5),
                lat=round(lat + drawn.uniform(-0.07, 0.07), 5),
                enterprise=f"{district[:2]}{place}{trade}有限公司",
                uscc="91" + division + "".join(drawn.choice(_USCC) for _ in range(10)),
            )
        )
    return made


class Filler:
    """Files leads into a store and a vault, as intake does once a package has been verified."""

    def __init__(self, database: Database, vault: Vault, seed: int) -> None:
        self._database = database
        self._vault = vault
        self._random = random.Random(seed)
        self._node = Node()
        self._outlets = outlets(seed)
        self._codes = [row.code for row in catalogue().violations]
        with database.writing() as session:
            self._worker = _worker(session, self._node)

    def fill(self, count: int, *, batch: int = 25) -> None:
        """File `count` leads at random times, in order of time; every third is reviewed. Then one of real size."""
        moments = sorted(FIRST_DAY + timedelta(seconds=self._random.uniform(0, DAYS * 86400)) for _ in range(count))
        for start in range(0, count, batch):
            packed = [self._pack(number, moments[number]) for number in range(start, min(count, start + batch))]
            with self._database.writing() as session:
                for filed, filing in packed:
                    self._file(session, filed, filing)
        filed, filing = self._pack(LARGE_NUMBER, FIRST_DAY + timedelta(days=DAYS), LARGE)
        with self._database.writing() as session:
            file_lead(session, filed.lead, filing, filed.lead.event.end)

    def _pack(self, number: int, at: datetime, sizes: dict[str, int] | None = None) -> tuple[Filed, Filing]:
        outlet = self._random.choice(self._outlets)
        lead_id = f"L{at:%Y%m%d}-{number:06}"
        code = self._random.choice(self._codes)
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / lead_id
            sealed = self._seal(folder, lead_id, code, outlet, at, sizes)
            package = FolderPackage(folder)
            self._vault.keep(sealed.sums_sha256, package)
            sums = (folder / "SHA256SUMS").read_bytes()
        clip = next(entry.sha256 for entry in sealed.manifest.files if entry.name == CLIP)
        lead = _lead(lead_id, code, outlet, at, sealed, self._random)
        filing = Filing(
            key_id=self._worker.key_id,
            idempotency_key=f"{lead_id}:{sealed.sums_sha256}",
            content_sha256=sealed.sums_sha256,
            node=NODE,
            node_fingerprint=self._node.fingerprint,
            size=sum(package.sizes.values()),
            files=len(package.sizes),
            sums=sums,
        )
        return Filed(lead, outlet, clip), filing

    def _seal(
        self, folder: Path, lead_id: str, code: str, outlet: Outlet, at: datetime, sizes: dict[str, int] | None
    ) -> SealedPackage:
        folder.mkdir()
        origins: dict[str, FileOrigin] = {}
        (folder / DETECTIONS).write_bytes(b'{"pts_s":10.0,"boxes":[]}\n' * 40)
        origins[DETECTIONS] = FileOrigin(FileRole.DERIVED, CLIP, "detected by emissions-n 1")
        for name, size in (sizes or SMALL).items():
            (folder / name).write_bytes(self._random.randbytes(size))
            original = name == CLIP
            origins[name] = FileOrigin(
                FileRole.ORIGINAL if original else FileRole.DERIVED,
                "stream" if original else CLIP,
                "remuxed into MP4 without re-encoding" if original else "decoded at 2.5 s",
            )
        return seal_package(folder, _manifest(lead_id, code, outlet, at), origins, self._node)

    def _file(self, session: Session, filed: Filed, filing: Filing) -> None:
        file_lead(session, filed.lead, filing, filed.lead.event.end)
        if self._random.random() < 1 / 3:
            truth = self._random.random() < 0.5
            move_lead(
                session,
                filed.lead.lead_id,
                LeadState.VERIFIED if truth else LeadState.REJECTED_FALSE,
                version=1,
                user=self._random.choice(("li", "wang", "zhao")),
                reason="现场核实属实" if truth else self._random.choice(("水汽", "云影", "车灯", "雾")),
                at=filed.lead.event.end + timedelta(minutes=20),
            )


def _worker(session: Session, node: Node) -> Worker:
    token = add_worker_key(session, NODE, FIRST_DAY)
    session.flush()
    worker = find_worker(session, token)
    if worker is None:
        raise RuntimeError("the key that was just made is not there")
    pem = node.certificate_pem.decode()
    enrol_node(
        session,
        name=NODE,
        number=1,
        certificate_pem=pem,
        fingerprint=node.fingerprint,
        key_id=worker.key_id,
        at=FIRST_DAY,
    )
    return worker


def _manifest(lead_id: str, code: str, outlet: Outlet, at: datetime) -> Manifest:
    return Manifest.model_validate(
        {
            "lead_id": lead_id,
            "violation_code": code,
            "camera": {"id": outlet.camera, "name": outlet.name, "lon": outlet.lon, "lat": outlet.lat},
            "stream": {"url_sha256": "ab" * 32, "codec": "h264", "width": 1920, "height": 1080, "fps": 25.0},
            "time": {"first_utc": at, "last_utc": at + timedelta(seconds=20), "source": "rtcp", "uncertainty_s": 0.05},
            "model": {"name": "emissions-n", "version": "1", "weights_sha256": "cd" * 32, "format": "onnx"},
            "runtime": {"engine": "openvino", "version": "1", "device": "cpu", "worker_id": NODE},
            "rule": {"id": "smoke.visible", "version": "1.0.0", "params": {}},
            "measurements": {
                "kind": "visible_emission",
                "class_name": "smoke",
                "first_utc": at,
                "confirmed_utc": at + timedelta(seconds=3),
                "last_utc": at + timedelta(seconds=20),
                "peak_utc": at + timedelta(seconds=5),
                "peak_confidence": 0.9,
                "peak_xyxy": [100, 200, 340, 420],
                "observations": 40,
                "duration_s": 20.0,
            },
            "prev_package_sha256": FIRST_PACKAGE,
            "created_utc": at + timedelta(seconds=25),
        }
    )


def _lead(
    lead_id: str, code: str, outlet: Outlet, at: datetime, sealed: SealedPackage, drawn: random.Random
) -> LeadDocument:
    legal = catalogue().legal_at(code, at.date())
    return LeadDocument.model_validate(
        {
            "lead_id": lead_id,
            "violation_code": code,
            "priority": drawn.choice(("P1", "P2", "P2", "P3", "P3", "P3")),
            "score": drawn.randrange(20, 100),
            "place": {"division": outlet.division, "town": outlet.town, "lon": outlet.lon, "lat": outlet.lat},
            "camera": {"id": outlet.camera, "name": outlet.name},
            "event": {
                "start": at,
                "confirmed": at + timedelta(seconds=3),
                "end": at + timedelta(seconds=20),
                "clock_source": "rtcp",
            },
            "measure": {
                "kind": "visible_emission",
                "class_name": "smoke",
                "peak_confidence": 0.9,
                "peak_xyxy": [100, 200, 340, 420],
                "peak_utc": at + timedelta(seconds=5),
                "observations": 40,
                "duration_s": 20.0,
                "zone": "1号排口",
            },
            "rule": {"id": "smoke.visible", "version": "1.0.0"},
            "model": {"name": "emissions-n", "version": "1", "sha256": "cd" * 32},
            "target": {"uscc": outlet.uscc, "name": outlet.enterprise, "outlet": "DA001", "risk": "yellow"},
            "legal": None if legal is None else legal.model_dump(),
            "evidence": LeadEvidence(package=f"/v1/evidence/{lead_id}", sums_sha256=sealed.sums_sha256).model_dump(),
            "node": NODE,
        }
    )

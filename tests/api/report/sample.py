"""A case with everything that a report can print."""

from datetime import timedelta
from io import BytesIO

from PIL import Image, ImageDraw

from api.contract.evidence.article41 import Lack
from api.contract.evidence.report import Check, CheckName, Outcome, VerificationReport
from api.contract.wire.handling import ReviewAnswers
from api.contract.wire.lead import LeadDocument
from api.evidence.admissibility import Doubt, Judgement
from api.report.case import Case, CaseFile, CaseMove
from api.report.pictures import printable
from api.report.printing import Printing
from api.report.readings import ReadingLine
from api.store.evidence.custody import CustodyAction, CustodyEntry
from tests.api.conftest import sample_lead
from tests.api.contract.sample import LEAD_ID, START, sample_manifest

SUMS = "3f" * 32
PRINTING = Printing(
    by="王敏",
    at=START + timedelta(hours=3),
    address=f"https://wall.example.test/#lead={LEAD_ID}&sha256={SUMS}",
    site="示例区生态环境局",
)


def full_lead() -> LeadDocument:
    """A lead with every field that a report prints."""
    document = sample_lead(sums_sha256=SUMS).model_dump(mode="json")
    document |= {
        "violation_code": "V01_STACK_SMOKE",
        "priority": "P1",
        "score": 60,
        "state": "VERIFIED",
        "place": {"division": "110112", "town": "示例镇", "lon": 116.65123, "lat": 39.91045},
        "camera": {"id": "gate-3", "name": "三号门北侧高点", "gb_id": "11011200091320000001"},
        "target": {
            "zone": "一号烟囱",
            "uscc": "91110000802100433B",
            "name": "示例热力有限公司",
            "outlet": "DA001",
            "risk": "red",
            "positive_list": False,
        },
        "legal": {
            "in_force_at": "2026-11-23",
            "basis": ["Code-1107", "Code-221"],
            "text_zh": "《生态环境法典》第1107条、第221条",
            "penalty_zh": "处十万元以上一百万元以下的罚款；情节严重的，报经有批准权的人民政府批准，责令停业、关闭。",
            "authority": "生态环境",
        },
        "disposition": {"action": "lead", "notify": ["wall_alarm"], "reasons": ["red_risk", "over_limit"]},
        "factors": [
            {"name": "risk", "points": 30, "says": "red"},
            {"name": "severity", "points": 20, "says": "V01_STACK_SMOKE"},
            {"name": "duration", "points": 10, "says": "655 s / 120 s"},
        ],
        "votes": [
            {"source": "model", "name": "emissions-s 1.0.0", "says": "smoke 0.88"},
            {"source": "physics", "name": "opacity", "says": "46 ± 3 %"},
            {"source": "rule", "name": "persistence", "says": "660 s, n = 132"},
        ],
    }
    document["measure"] |= {
        "kind": "ringelmann_screen",
        "probability": 0.942,
        "validity": "valid",
        "opacity_pct": 46.1,
        "opacity_sd_pct": 3.2,
        "least_opacity_pct": 40.0,
        "grade": 2.25,
        "grade_limit": 1.0,
        "colour": "grey",
        "method": "texture regression against the clean background (screening)",
        "zone": "一号烟囱",
        "values": {"area_fraction": 0.0255, "change_ratio": 14.2, "over_limit_s": 315.0, "support": 4.0},
        "readings": 44,
        "readings_valid": 41,
        "sun_angle_deg": 152.0,
        "duration_s": 660.0,
    }
    return LeadDocument.model_validate(document)


def drawn_picture(width: int = 1280, height: int = 720) -> bytes:
    """A drawn chimney before a grey sky, as PNG."""
    image = Image.new("RGB", (width, height), (178, 190, 198))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, height * 0.8, width, height), fill=(92, 96, 90))
    draw.rectangle((width * 0.46, height * 0.35, width * 0.5, height * 0.8), fill=(120, 84, 70))
    for step in range(24):
        x, y, size = width * (0.48 + step * 0.012), height * (0.34 - step * 0.012), 20 + step * 4
        draw.ellipse((x - size, y - size, x + size, y + size), fill=(88, 88, 90))
    draw.rectangle((width * 0.44, height * 0.02, width * 0.82, height * 0.38), outline=(220, 60, 40), width=4)
    target = BytesIO()
    image.save(target, "PNG")
    return target.getvalue()


def full_case() -> Case:
    """The case of `full_lead`."""
    picture = drawn_picture()
    files = [
        CaseFile("SHA256SUMS", 812, ""),
        CaseFile("SHA256SUMS.sig", 71, ""),
        CaseFile("VERIFY.md", 4016, "a1" * 32),
        CaseFile("clip.mp4", 18_400_321, "b2" * 32, "original", "stream", "remuxed into MP4 without re-encoding"),
        CaseFile("detections.jsonl", 90_112, "c3" * 32, "derived", "clip.mp4", "detected"),
        CaseFile("f0001.png", 2_411_002, "d4" * 32, "derived", "clip.mp4", "decoded at 2.5 s"),
        CaseFile("manifest.json", 5_210, "e5" * 32),
        CaseFile("node.crt", 790, "f6" * 32),
        CaseFile("overlay.jpg", 310_004, "07" * 32, "derived", "f0001.png", "box drawn"),
        CaseFile("readings.csv", 6_004, "18" * 32, "derived", "clip.mp4", "measured"),
    ]
    sentences = {
        CheckName.LIST: "SHA256SUMS 格式正确，列出 8 个文件",
        CheckName.FILES: "8 个文件的哈希与清单一致",
        CheckName.SIGNATURE: "清单由节点 worker-01 的密钥签名",
        CheckName.IDENTITY: "节点证书与本站登记一致",
        CheckName.ORIGIN: "派生文件均注明来源与操作",
    }
    checks = [Check(name, Outcome.OK, sentence) for name, sentence in sentences.items()]
    checks.append(Check(CheckName.TIME_STAMP, Outcome.SKIPPED, "包内没有时间戳：时间仅为节点自述"))
    readings = tuple(
        ReadingLine(15.0 * index, None, "dark", utc=START + timedelta(seconds=15 * index))
        if index % 15 == 7
        else ReadingLine(
            15.0 * index,
            20 + 30 * abs((index % 20) - 10) / 10,
            "valid",
            3.0,
            1.0 + abs((index % 20) - 10) // 3 / 4,
            START + timedelta(seconds=15 * index),
        )
        for index in range(44)
    )
    return Case(
        lead=full_lead(),
        manifest=sample_manifest(),
        report=VerificationReport(tuple(checks), sample_manifest(), SUMS, "9a" * 32, "none"),
        judgement=Judgement(
            admissibility="lead_only", obstacles=[Lack.NOT_PROVIDED_FOR, Lack.NO_LEGAL_REVIEW, Doubt.NO_TIME_STAMP]
        ),
        received=START + timedelta(seconds=40),
        files=tuple(files),
        pictures=(
            printable(picture, "叠加图 overlay.jpg（派生自 f0001.png，印刷缩小件）"),
            printable(picture, "画面 f0001.png（派生自 clip.mp4，印刷缩小件）"),
        ),
        unreadable=(),
        readings=readings,
        moves=(
            CaseMove(START + timedelta(seconds=5), "", "CANDIDATE", "worker-01", "announced by the analyser"),
            CaseMove(START + timedelta(seconds=40), "CANDIDATE", "PENDING_VERIFY", "worker-01", "package verified"),
            CaseMove(
                START + timedelta(hours=1),
                "PENDING_VERIFY",
                "VERIFIED",
                "王敏",
                "画面清晰，烟羽自一号烟囱口持续排出",
                ReviewAnswers(true=True, clear=True, complete=False, accurate=True),
            ),
        ),
        custody=tuple(
            CustodyEntry(LEAD_ID, name, action, who, "10.1.2.3", START + timedelta(minutes=minute), "")
            for minute, name, action, who in (
                (1, "", CustodyAction.FILED, "worker:local"),
                (40, "clip.mp4", CustodyAction.PLAYED, "operator:王敏"),
                (45, "", CustodyAction.VERIFIED, "operator:王敏"),
                (180, "", CustodyAction.PRINTED, "operator:王敏"),
            )
        ),
    )

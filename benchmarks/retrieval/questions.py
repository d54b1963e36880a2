"""Questions: what officers ask a site for, by kind, drawn from what it holds."""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from urllib.parse import quote, urlencode

from benchmarks.retrieval.site import DISTRICTS, Filed

Draw = Callable[[random.Random, Sequence[Filed]], str]


def _leads(**asked: object) -> str:
    return "/v1/leads?" + urlencode({name.rstrip("_"): str(value) for name, value in asked.items()})


def _day(drawn: random.Random, filed: Sequence[Filed]) -> dict[str, object]:
    start = drawn.choice(filed).lead.event.start
    end = start + timedelta(days=1)
    return {"from_": start.isoformat(), "to": end.isoformat()}


def _box(drawn: random.Random, filed: Sequence[Filed], degrees: float) -> str:
    outlet = drawn.choice(filed).outlet
    west, south = outlet.lon - degrees / 2, outlet.lat - degrees / 2
    return f"{west:.5f},{south:.5f},{west + degrees:.5f},{south + degrees:.5f}"


def _part(drawn: random.Random, name: str) -> str:
    start = drawn.randrange(2, len(name) - 6)
    return name[start : start + drawn.randrange(2, 5)]


KINDS: Mapping[str, Draw] = {
    "newest": lambda _, __: "/v1/leads",
    "state": lambda d, _: _leads(state=d.choice(("PENDING_VERIFY", "VERIFIED", "REJECTED_FALSE", "NEED_MORE"))),
    "camera": lambda d, f: _leads(camera=d.choice(f).outlet.camera),
    "violation": lambda d, f: _leads(code=d.choice(f).lead.violation_code),
    "one day": lambda d, f: _leads(**_day(d, f)),
    "district": lambda d, _: _leads(division=d.choice(DISTRICTS)[0]),
    "province": lambda d, _: _leads(division=d.choice(("11", "12", "13", "44"))),
    "map, 2 km": lambda d, f: _leads(bbox=_box(d, f, 0.02)),
    "map, city": lambda d, f: _leads(bbox=_box(d, f, 0.8)),
    "map, nothing there": lambda d, _: _leads(bbox=f"{d.uniform(80, 90):.3f},30,{d.uniform(91, 95):.3f},35"),
    "enterprise by code": lambda d, f: _leads(enterprise=d.choice(f).outlet.uscc),
    "enterprise by part of its name": lambda d, f: _leads(enterprise=_part(d, d.choice(f).outlet.enterprise)),
    "words, Chinese": lambda d, f: _leads(q=_part(d, d.choice(f).outlet.enterprise)),
    "words, one character": lambda d, _: _leads(q=d.choice("烟雾云钢泥湾")),
    "words, English": lambda d, _: _leads(q=d.choice(("smoke", "stack", "burn", "fume", "dust", "bypass"))),
    "words, several": lambda d, f: _leads(q=f"{d.choice(f).outlet.town} {d.choice(('烟', '焚烧', 'smoke', '水汽'))}"),
    "words, none has all": lambda d, _: _leads(q=f"有限公司 {d.choice(('熊猫', '飞船', '珊瑚', 'zebra'))}"),
    "words, two halves that never meet": lambda d, _: _leads(q=d.choice(("现场核实 水汽", "通州 海淀", "东城 平山"))),
    "lead by its number": lambda d, f: _leads(q=d.choice(f).lead.lead_id),
    "hash of a clip": lambda d, f: _leads(sha256=d.choice(f).clip_sha256),
    "hash of an unknown file": lambda d, _: _leads(sha256=d.randbytes(32).hex()),
    "which package holds this clip": lambda d, f: f"/v1/evidence?sha256={quote(d.choice(f).clip_sha256)}",
    "all together": lambda d, f: _leads(
        q="烟", division="11", enterprise=_part(d, d.choice(f).outlet.enterprise), state="PENDING_VERIFY"
    ),
}
"""Addresses by kind of question."""

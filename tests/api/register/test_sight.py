"""Sight: which premises a camera sees."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.contract.register.places import Premises
from api.contract.wire.camera import CameraDocument
from api.contract.wire.zone import ZoneDocument
from api.people.accounts import open_database
from api.register.sight import seen_premises
from api.settings import Settings
from api.store.cameras import put_camera
from api.store.register.changes import put_entries
from tests.api.store.register.samples import OTHER, USCC

NOW = datetime(2026, 11, 20, tzinfo=UTC)
SQUARE = [(0.1, 0.1), (0.4, 0.1), (0.4, 0.4), (0.1, 0.4)]
PREMISES = [
    Premises(id="P1", name="北苑面馆", uscc=USCC),
    Premises(id="P2", name="连锁快餐", uscc=OTHER),
    Premises(id="P3", name="连锁快餐", uscc=OTHER),
    Premises(id="P4", name="某烤鸭店"),
]


@pytest.mark.parametrize(
    ("kind", "name", "owner", "seen"),
    [
        ("premises", "一号", "", set()),
        ("premises", "一号", "P1", {"P1"}),
        ("vent", "P4", "", {"P4"}),
        ("road", "P4", "P1", set()),
        ("premises", "一号", "某烤鸭店", {"P4"}),
        ("premises", "一号", USCC, {"P1"}),
        ("premises", "P3", OTHER, {"P3"}),
        ("premises", "连锁快餐", OTHER, set()),
        ("premises", "北苑面馆", "P4", {"P1", "P4"}),
    ],
)
def test_a_zone_shows_what_it_names(tmp_path: Path, kind: str, name: str, owner: str, seen: set[str]) -> None:
    """By id, or by a name or code that no other premises has; a zone of another kind shows none."""
    with open_database(Settings(data_dir=tmp_path)) as database, database.writing() as session:
        assert seen_premises(session) == set()
        put_entries(session, PREMISES, who="operator:li", reason="导入", at=NOW)
        assert seen_premises(session) == set()
        zone = ZoneDocument(name=name, kind=kind, owner=owner, polygon=SQUARE)
        put_camera(session, CameraDocument(id="gate-3", source="rtsp://10.0.0.7/1", zones=[zone]), NOW)
        assert seen_premises(session) == seen

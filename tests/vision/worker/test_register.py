"""The register as workers have it: read from the bus, laid over their own configuration, judged by."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import cast

import redis

from api.contract import bus as keys
from api.contract.register.alert import AlertLevel
from api.contract.register.enterprise import Listing, Measure, Risk
from api.contract.register.standing import AlertStanding, EnterpriseStanding, RegisterStanding
from streams.camera import CameraId
from tests.api.conftest import bus, valkey_socket
from tests.api.store.register.samples import OTHER, USCC
from tests.vision.moments import CARD
from tests.vision.worker.test_worker import Known
from vision.analysis.analyser import CameraAnalyser
from vision.config.alerts import AlertCalendar
from vision.config.worker import WorkerConfig, parse_config
from vision.coverage.journal import Journal
from vision.coverage.ledger import CoverageLedger
from vision.leads.lead import CloseReason
from vision.worker.register import EVERY_S, RegisterReader, with_register
from vision.worker.worker import Worker, WorkerPlaces

__all__ = ["bus", "valkey_socket"]

HEAT = EnterpriseStanding(
    uscc=USCC,
    name="热力",
    risk=Risk.RED,
    positive_list=Listing(valid_from=date(2026, 1, 1), valid_to=None, version="v2"),
    exempt_measures=[Measure.PRODUCTION],
    registry_version="2026-11-20.417",
)
ORDER = AlertStanding(
    level=AlertLevel.RED,
    from_=datetime(2026, 12, 1, tzinfo=UTC),
    to=datetime(2026, 12, 2, tzinfo=UTC),
    order="第三号",
    measures=[Measure.PRODUCTION],
    exempt=[OTHER],
)
TOLD = RegisterStanding(enterprises=[HEAT], alerts=[ORDER])
OWN = {
    "enterprises": [
        {"uscc": USCC, "name": "旧名", "risk": "green", "confirmed": ["2026-10-01"]},
        {"uscc": OTHER, "name": "电力"},
    ],
    "alerts": [{"level": "yellow", "from": "2026-12-01T08:00:00", "to": "2026-12-03T08:00:00"}],
}


def put(bus: redis.Redis, told: RegisterStanding, marker: str) -> None:
    """Write it as the API does."""
    bus.hset(keys.REGISTER, mapping={keys.REGISTER_MARKER: marker, keys.REGISTER_WHOLE: told.model_dump_json()})


def test_what_differs_is_read_once(bus: redis.Redis) -> None:
    """Every few seconds a look; a bus that lost it, or holds what cannot be read, changes nothing."""
    adopted: list[RegisterStanding] = []
    reader = RegisterReader(bus, adopted.append)
    reader.look(0)
    assert adopted == []
    put(bus, TOLD, "a")
    reader.look(1)
    assert adopted == []
    for number in range(1, 4):
        reader.look(number * EVERY_S)
    assert adopted == [TOLD]
    bus.flushall()
    reader.look(10 * EVERY_S)
    bus.hset(keys.REGISTER, mapping={keys.REGISTER_MARKER: "b", keys.REGISTER_WHOLE: "{"})
    reader.look(11 * EVERY_S)
    put(bus, RegisterStanding(), "c")
    reader.look(12 * EVERY_S)
    assert adopted == [TOLD, RegisterStanding()]


def test_the_register_comes_before_the_configuration() -> None:
    """Its enterprises but for their confirmed violations; its orders beside the configuration's."""
    own = parse_config(OWN)
    assert with_register(own, RegisterStanding()) == own
    config = with_register(own, TOLD)
    heat, power = config.enterprises
    assert (heat.name, heat.risk, heat.registry_version) == ("热力", Risk.RED, "2026-11-20.417")
    assert (heat.confirmed, heat.exempt_measures) == ((date(2026, 10, 1),), (Measure.PRODUCTION,))
    assert heat.positive_list is not None
    assert heat.positive_list.holds(date(2026, 11, 1))
    assert power == own.enterprises[1]
    calendar = AlertCalendar(config.alerts, config.site.zone)
    for hour, level in (
        (datetime(2026, 12, 1, 1, tzinfo=UTC), "red"),
        (datetime(2026, 12, 2, 1, tzinfo=UTC), "yellow"),
    ):
        alert = calendar.at(hour)
        assert alert is not None
        assert alert.level == level


def watching(folder: Path, journal: Journal, owner: str) -> Worker:
    """A worker that watches a camera whose zone names an owner."""
    zone = {"name": "z", "kind": "premises", "polygon": [[0.1, 0.1], [0.4, 0.1], [0.4, 0.4]], "owner": owner}
    config = parse_config({"cameras": [{"id": "gate", "source": "rtsp://127.0.0.1:1/x", "zones": [zone]}]})
    worker, others = Worker(config, WorkerPlaces(folder, "http://127.0.0.1:1", "redis://127.0.0.1:1", "key")), Known()
    worker._ledger = CoverageLedger(journal, "w")
    worker._card, worker._cases, worker._live, worker._intake = CARD, others, others, others  # type: ignore[assignment]
    worker.watch(config.cameras[0])
    return worker


def test_a_camera_is_judged_anew_where_the_register_changes_its_owner(tmp_path: Path) -> None:
    """And not where it tells of others; health no longer calls the owner unknown, packages repeat what was in force."""
    journal = Journal(tmp_path / "coverage")
    worker = watching(tmp_path, journal, USCC)
    watched = worker._watched[CameraId("gate")]

    def analyser_after(told: RegisterStanding) -> CameraAnalyser:
        worker.adopt(told)
        return watched.analyser

    first = watched.analyser
    assert watched.config.owners_outside(watched.register) == [USCC]
    assert analyser_after(RegisterStanding(enterprises=[HEAT.model_copy(update={"uscc": OTHER})])) is first
    second = analyser_after(TOLD)
    assert second is not first
    assert watched.config.owners_outside(watched.register) == []
    assert [each.risk for each in watched.common.enterprises] == [Risk.RED]
    assert analyser_after(TOLD) is second
    worker.rezone(watched.config)
    assert [each.uscc for each in cast("WorkerConfig", watched.common).enterprises] == [USCC]
    worker.unwatch(CameraId("gate"), CloseReason.SHUTDOWN)
    journal.close()

"""The register on the bus for the workers."""

import asyncio

import httpx
import redis

from api.contract import bus as keys
from api.contract.register.enterprise import Enterprise
from api.contract.register.standing import RegisterStanding
from tests.api.conftest import RunningApi
from tests.api.store.register.samples import DOCUMENTS, PATHS, USCC

SQUARE = [[0.1, 0.1], [0.4, 0.1], [0.4, 0.4], [0.1, 0.4]]


def on_the_bus(bus: redis.Redis) -> RegisterStanding:
    """What stands on the bus."""
    text = bus.hget(keys.REGISTER, keys.REGISTER_WHOLE)
    assert isinstance(text, bytes)
    return RegisterStanding.model_validate_json(text)


def reconcile(api: RunningApi) -> None:
    """Let the board compare bus and database."""
    asyncio.run_coroutine_threadsafe(api.state.register.reconcile(), api.loop).result(10)


def test_the_bus_holds_it_as_the_database_does(api: RunningApi, operator: httpx.Client, bus: redis.Redis) -> None:
    """After a change of the register or of a zone, and on a bus that lost it; else it is left alone."""
    reconcile(api)
    assert on_the_bus(bus) == RegisterStanding()
    body = DOCUMENTS[Enterprise.kind]
    assert operator.put(f"{PATHS[Enterprise.kind]}/{USCC}", params={"reason": "核对"}, json=body).status_code == 201
    reconcile(api)
    assert on_the_bus(bus).enterprises == []
    zones = [{"name": "z", "kind": "outlet", "polygon": SQUARE, "owner": USCC}]
    camera = {"id": "gate-3", "source": "rtsp://10.0.0.7/1", "zones": zones}
    assert operator.put("/v1/cameras/gate-3", json=camera).status_code == 201
    reconcile(api)
    assert [each.uscc for each in on_the_bus(bus).enterprises] == [USCC]
    bus.hset(keys.REGISTER, keys.REGISTER_WHOLE, b"{}")
    reconcile(api)
    assert on_the_bus(bus).enterprises == []
    bus.flushall()
    reconcile(api)
    assert [each.uscc for each in on_the_bus(bus).enterprises] == [USCC]

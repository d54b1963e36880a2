"""All documents of the wire, found by themselves: every subclass of `Wire`, and what the API's routes read."""

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter

import api
import api.contract
import vision
from api.app import ROUTERS
from api.contract.wire.document import Wire


def all_wires() -> list[type[Wire]]:
    """Return every document, by name."""
    for package in (api, vision):
        _import_all(package)
    found = {kind for kind in _subclasses(Wire) if kind.__module__.split(".")[0] in {"api", "vision"}}
    return sorted(found, key=lambda kind: (kind.__name__, kind.__module__))


def asked_models() -> dict[str, TypeAdapter[object]]:
    """Return what each route reads from a body or a query, by method, path and name."""
    return {
        f"{'/'.join(sorted(route.methods or ()))} {route.path} {name}": TypeAdapter(annotation)
        for module in ROUTERS
        for route in module.router.routes
        if isinstance(route, APIRoute)
        for name, annotation in _asked(route.dependant)
    }


def _import_all(package: ModuleType) -> None:
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if ".migrations" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def _subclasses(kind: type[Wire]) -> Iterator[type[Wire]]:
    for sub in kind.__subclasses__():
        yield sub
        yield from _subclasses(sub)


def _asked(dependant: Dependant) -> Iterator[tuple[str, object]]:
    for field in dependant.body_params:
        yield field.name, field.field_info.annotation
    for field in dependant.query_params:
        annotation = field.field_info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield field.name, annotation
    for inner in dependant.dependencies:
        yield from _asked(inner)

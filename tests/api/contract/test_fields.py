"""Fields: nothing poisonous gets into any document of the wire, and what gets in is strict JSON of a known length."""

import json
import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from api.contract.fields import Line, Settings
from api.contract.wire.camera import CameraDocument
from api.contract.wire.document import Wire
from api.contract.wire.event import WallEvent
from api.contract.wire.lead import LeadDocument
from tests.api.contract.documents import Described, Kind, Place, documents, most_bytes, places, unlimited
from tests.api.contract.wires import all_wires, asked_models

WIRES = all_wires()
ASKED = asked_models()
ALL: Mapping[str, TypeAdapter[Any]] = {
    **{f"{kind.__module__}.{kind.__name__}": TypeAdapter(kind) for kind in WIRES},
    **ASKED,
}

_CONTROLS = st.sampled_from(["\0", "\7", "\x0b", "\x1b", "\x7f", "\x85", "\x9f"])
_SURROGATES = st.characters(categories=("Cs",))
_NO_NUMBERS = [math.nan, math.inf, -math.inf, 10**400, -(10**400)]
_POISONS: Mapping[Kind, st.SearchStrategy[Any]] = {
    Kind.TEXT: st.tuples(st.text(max_size=3), _CONTROLS | _SURROGATES, st.text(max_size=3)).map("".join),
    Kind.NUMBER: st.sampled_from(_NO_NUMBERS),
    Kind.WHOLE: st.sampled_from([*_NO_NUMBERS, 2**64, -(2**64)]),
    Kind.KEY: (_CONTROLS | _SURROGATES).map(lambda key: {key: None}),
}


@pytest.mark.parametrize("name", ALL)
def test_every_field_has_a_limit(name: str) -> None:
    """No text, whole number, list or table of a document, or of what a route reads, may be as long as it likes."""
    assert list(unlimited(Described.of(ALL[name].json_schema()), name)) == []


def test_a_field_without_a_limit_is_noticed() -> None:
    """The walk names what it is for: bare types in lists, tables and documents within documents."""

    class Inner(BaseModel):
        model_config = ConfigDict(extra="forbid")
        text: str = ""
        word: Line = ""

    class Outer(BaseModel):
        model_config = ConfigDict(extra="forbid")
        inner: list[Inner] = Field(max_length=3)
        numbers: dict[str, float]
        counted: int | None = Field(None, ge=0)
        settings: Settings

    assert list(unlimited(Described.of(Outer.model_json_schema()), "it")) == [
        "it.inner[0].text: a text of any length",
        "it.inner[0].text: a text of any characters",
        "it.numbers: a table of any length",
        "it.numbers: keys of any length",
        "it.counted: a whole number without an upper end",
    ]


def test_all_that_the_api_reads_is_of_the_wire() -> None:
    """Whatever a route takes as a body or as a table of parameters has the rules of `Wire`, and there are many."""
    assert len(WIRES) > 80
    assert len(ASKED) > 15
    bodies = {kind.__name__ for kind in WIRES}
    assert {"Login", "PasswordChange", "TransitionRequest", "LeadFilter", "Draft"} <= bodies
    for kind in WIRES:
        assert kind.model_config.get("allow_inf_nan") is False
        assert kind.model_config.get("extra") == "forbid"


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=5, deadline=None, database=None, derandomize=True, phases=[Phase.generate])
@given(poisons=st.fixed_dictionaries(dict(_POISONS)))
def test_no_field_takes_poison(name: str, poisons: Mapping[Kind, Any]) -> None:
    """
    Numbers that are not finite, surrogates, control characters and what is too long are refused at their field.

    By a `ValidationError` and by nothing else, from Python's values (as FastAPI gives them) and from JSON.
    """
    for place in _places(name):
        if place.kind in poisons:
            _refused_at(place, ALL[name], poisons[place.kind])


@pytest.mark.parametrize("name", ALL)
def test_no_field_takes_too_much(name: str) -> None:
    """One character, item or key more than a field may have is refused at the field."""
    for place in _places(name):
        match place.kind:
            case Kind.TEXT:
                _refused_at(place, ALL[name], "长" * (place.most + 1))
            case Kind.LIST:
                _refused_at(place, ALL[name], [None] * (place.most + 1))
            case Kind.TABLE:
                _refused_at(place, ALL[name], {f"k{number}": None for number in range(place.most + 1)})
            case Kind.KEY:
                _refused_at(place, ALL[name], {"k" * (place.most + 1): None})


@cache
def _places(name: str) -> tuple[Place, ...]:
    return tuple(places(Described.of(ALL[name].json_schema())))


def _refused_at(place: Place, model: TypeAdapter[Any], value: object) -> None:
    document = place.document(value)
    with pytest.raises(ValidationError) as refused:
        model.validate_python(document)
    found = {error["loc"][: len(place.steps)] for error in refused.value.errors(include_input=False)}
    assert place.steps in found, (place, found)
    with pytest.raises(ValidationError):
        model.validate_json(json.dumps(document))


@pytest.mark.parametrize("name", [name for name, kind in ALL.items() if not name.endswith(".Catalogue")])
@settings(
    max_examples=5,
    phases=[Phase.generate],
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
@given(data=st.data())
def test_what_is_taken_is_strict_json(name: str, data: st.DataObject) -> None:
    """A document that validates goes out as UTF-8 JSON without NaN, no longer than its schema allows."""
    described = Described.of(ALL[name].json_schema())
    try:
        taken = ALL[name].validate_python(data.draw(documents(described)))
    except ValidationError:
        event("refused")
        return
    written = ALL[name].dump_json(taken)
    assert len(written) <= most_bytes(described)
    told = json.loads(written.decode("utf-8"), parse_constant=pytest.fail)
    assert json.dumps(told, allow_nan=False, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("kind", "most"), [(LeadDocument, 288 << 10), (WallEvent, 368 << 10), (CameraDocument, 640 << 10)]
)
def test_what_lists_repeat_is_small(kind: type[Wire], most: int) -> None:
    """A lead fits what a worker may post; no name or setting makes a list of leads, events or cameras long."""
    assert most_bytes(Described.of(kind.model_json_schema())) < most

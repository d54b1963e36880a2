"""Rows that other versions wrote: read, or left out, counted and logged once."""

from collections import Counter
from collections.abc import Callable

import pytest
from pydantic import BaseModel, ValidationError
from structlog.testing import capture_logs

from api.contract.shared_rows import MOST_KNOWN, SharedRows


class Row(BaseModel):
    """A row with one field."""

    held: int


GOOD, BAD = b'{"held": 3}', b"{}"


@pytest.mark.parametrize(
    ("texts", "held"),
    [({}, []), ({"a": GOOD}, [3]), ({"a": BAD}, []), ({"a": GOOD, "b": BAD, "c": GOOD}, [3, 3]), ({"a": b"\xff"}, [])],
)
def test_what_cannot_be_read_is_left_out(texts: dict[str, bytes], held: list[int]) -> None:
    """A bad row costs no other row, and is counted by its kind."""
    counted: Counter[str] = Counter()
    rows = SharedRows(lambda kind: counted.update([kind]))
    assert held == [row.held for row in rows.read_all("report", Row.model_validate_json, texts)]
    assert {"report": rows.left_out} == dict(counted) or rows.left_out == 0
    assert rows.left_out == len(texts) - len(held)


def test_a_bad_row_is_logged_once_until_it_was_readable() -> None:
    """Looked at every second it is one line of the log; mended and spoiled again, another."""
    rows = SharedRows()
    with capture_logs() as logs:
        for text in (BAD, BAD, b"[]", GOOD, BAD, BAD):
            rows.read("report", Row.model_validate_json, "pw:worker:a", text)
        rows.read("report", Row.model_validate_json, "pw:worker:b", BAD)
    assert [entry["key"] for entry in logs] == ["pw:worker:a", "pw:worker:a", "pw:worker:b"]
    assert rows.left_out == 6


def test_keys_without_end_are_not_remembered_without_end() -> None:
    """Of more bad keys than `MOST_KNOWN` the oldest are forgotten, and logged again when they come back."""
    rows = SharedRows()
    with capture_logs() as logs:
        for number in (*range(MOST_KNOWN + 1), MOST_KNOWN, 0):
            rows.read("report", Row.model_validate_json, str(number), BAD)
    assert len(logs) == MOST_KNOWN + 2


@pytest.mark.parametrize("fault", [KeyError("held"), RuntimeError("a fault of the code")])
def test_other_faults_are_not_hidden(fault: Exception) -> None:
    """Only what the text says wrongly is left out; a fault of the code is raised."""

    def parse(_text: bytes) -> Callable[[], None]:
        raise fault

    assert not isinstance(fault, ValidationError)
    with pytest.raises(type(fault)):
        SharedRows().read("report", parse, "a", GOOD)

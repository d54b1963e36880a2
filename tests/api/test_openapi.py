"""The API's description is current."""

from pathlib import Path

from api.openapi import openapi_json

COMMITTED = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"


def test_the_committed_description_is_current() -> None:
    """``docs/openapi.json`` is what the code says; renew it with `api.openapi.write_openapi`."""
    assert openapi_json() == COMMITTED.read_text(encoding="utf-8")

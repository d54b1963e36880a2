"""The API's description is current."""

import json
from pathlib import Path

import httpx
import pytest

from api.openapi import openapi_json
from api.routes.evidence.packages import MEDIA_TYPES

COMMITTED = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"


def test_the_committed_description_is_current() -> None:
    """``docs/openapi.json`` is what the code says; renew it with `api.openapi.write_openapi`."""
    assert openapi_json() == COMMITTED.read_text(encoding="utf-8")


def test_problems_are_described_by_the_media_type_that_they_have(operator: httpx.Client) -> None:
    """Every call's problem is ``application/problem+json``, as it is sent."""
    described = json.loads(openapi_json())
    operations = [operation for path in described["paths"].values() for operation in path.values()]
    assert len(operations) > 70
    assert {tuple(operation["responses"]["default"]["content"]) for operation in operations} == {
        ("application/problem+json",)
    }
    assert operator.get("/v1/openapi.json").json() == described
    assert operator.get("/v1/leads/L20261123-000009").headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("method", "path"), [("post", "/v1/leads"), ("post", "/v1/nodes"), ("put", "/v1/cameras/{camera_id}")]
)
def test_what_is_there_already_and_what_is_new_are_both_described(method: str, path: str) -> None:
    """A call that answers 200 or 201 tells both, with the same document."""
    answers = json.loads(openapi_json())["paths"][path][method]["responses"]
    assert answers["200"]["content"] == answers["201"]["content"] != {}


def test_every_kind_of_a_packages_files_is_described() -> None:
    """What `/files/{name}` answers with is in the description, whatever file is asked for."""
    answers = json.loads(openapi_json())["paths"]["/v1/evidence/{lead_id}/files/{name}"]["get"]["responses"]
    assert set(MEDIA_TYPES.values()) | {"text/plain", "application/octet-stream"} <= set(answers["200"]["content"])

"""The API's description, as committed in ``docs/openapi.json``."""

import json
from pathlib import Path

from api.app import create_app
from api.settings import Settings


def openapi_json() -> str:
    """Return the OpenAPI document of the API: two spaces, keys in order, newline at the end."""
    document = create_app(Settings()).openapi()
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def write_openapi(path: Path) -> None:
    """Write the document to a file; a test fails when it is out of date."""
    path.write_text(openapi_json(), encoding="utf-8")

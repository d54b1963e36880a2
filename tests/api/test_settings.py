"""The API's settings: the page that describes them is the code's, names each, and spells them as they are read."""

import re
from pathlib import Path

import pytest

from api.contract.evidence.package import DEFAULT_LIMITS
from api.contract.evidence.tarball import most_tar_bytes
from api.evidence.upload import LEAD_LIMIT, OVERHEAD
from api.settings import Settings
from api.settings_docs import SECTIONS, render

PAGE = Path(__file__).resolve().parents[2] / "docs" / "settings.md"


def test_the_page_is_what_the_code_says() -> None:
    """docs/settings.md is what the code renders; renew it with ``python -m api.settings_docs docs/settings.md``."""
    assert render() == PAGE.read_text(encoding="utf-8")


def test_every_setting_is_described_in_one_section() -> None:
    """A setting without description, or that stands in no section or in two, is a red build."""
    assert [name for name, info in Settings.model_fields.items() if not info.description] == []
    assert sorted(name for _, names in SECTIONS for name in names) == sorted(Settings.model_fields)


def test_what_a_worker_may_pack_is_taken_as_it_comes() -> None:
    """Neither the API's default nor the proxy of the page refuses the largest package that a worker makes."""
    largest = DEFAULT_LIMITS.max_total_bytes
    taken = Settings.model_fields["max_upload_bytes"].default
    assert largest < taken == most_tar_bytes()
    (passed_mib,) = re.findall(r"client_max_body_size (\d+)m;", render())
    assert taken + LEAD_LIMIT + OVERHEAD <= int(passed_mib) << 20


def test_a_variable_is_read_as_the_page_spells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Text, numbers, JSON lists and secrets come from their variables; one that is not on the page is not read."""
    given = {
        "PLUMEWATCH_HOST": "127.0.0.2",
        "PLUMEWATCH_SESSION_LIFETIME_S": "600",
        "PLUMEWATCH_ALLOWED_ORIGINS": '["https://map.example"]',
        "PLUMEWATCH_AUTHORITY_DIR": "/srv/authority",
        "PLUMEWATCH_DATABASE_URL": "postgresql://u:secret@db/site",
    }
    for variable, value in given.items():
        assert f"| `{variable}` |" in render()
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("PLUMEWATCH_HOTS", "127.0.0.3")
    settings = Settings()
    assert (settings.host, settings.session_lifetime_s) == ("127.0.0.2", 600)
    assert (settings.allowed_origins, settings.authority_dir) == (["https://map.example"], Path("/srv/authority"))
    assert settings.database_url.get_secret_value() == given["PLUMEWATCH_DATABASE_URL"]
    assert "secret" not in repr(settings)

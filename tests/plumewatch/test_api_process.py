"""Settings from the environment that cannot be are told in a sentence, whichever command reads them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from plumewatch.api_process import prepare_api, settings_of, site_settings
from plumewatch.commands.vaults import Place, vault_room
from plumewatch.failures import UsageError

READERS: list[Callable[[Path], object]] = [
    lambda data: prepare_api(data, "redis://127.0.0.1:1"),
    lambda data: site_settings(data, ""),
    lambda data: vault_room(Place(data, "", "")),
]


@pytest.mark.parametrize("read", READERS, ids=["up", "api", "vault"])
@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("PLUMEWATCH_LOGIN_ATTEMPTS", "0", "PLUMEWATCH_LOGIN_ATTEMPTS: Input should be greater than or equal to 1"),
        ("PLUMEWATCH_PUBLIC_URL", "centre.example", "PLUMEWATCH_PUBLIC_URL: String should match pattern"),
        ("PLUMEWATCH_ALLOWED_ORIGINS", "https://map.example", '"allowed_origins" .* must be JSON'),
    ],
)
def test_a_wrong_variable_is_one_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    read: Callable[[Path], object],
    variable: str,
    value: str,
    sentence: str,
) -> None:
    """The sentence names the variable; nothing is made in the data folder."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(UsageError, match=sentence) as told:
        read(tmp_path / "data")
    assert len(str(told.value).splitlines()) == 1
    assert not (tmp_path / "data").exists()


def test_what_is_given_goes_before_its_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An option wins over the environment; what no option says comes from there."""
    monkeypatch.setenv("PLUMEWATCH_HOST", "127.0.0.2")
    monkeypatch.setenv("PLUMEWATCH_PORT", "9000")
    settings = settings_of(data_dir=tmp_path, host="127.0.0.3")
    assert (settings.host, settings.port) == ("127.0.0.3", 9000)

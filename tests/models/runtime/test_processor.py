"""What the processor can do."""

import pytest

from models.runtime.processor import cpuinfo, flags, int8_units, processor
from tests.models.forms import AMX, PLAIN


@pytest.mark.parametrize(
    ("known", "units"),
    [
        (frozenset(), ()),
        (PLAIN, ()),
        (frozenset({"asimd", "asimddp", "i8mm"}), ()),  # ARM: nobody has measured it
        (frozenset({"avx2", "avx_vnni"}), ("avx_vnni",)),
        (AMX, ("avx512_vnni", "amx_int8")),
    ],
)
def test_units_for_int8(known: frozenset[str], units: tuple[str, ...]) -> None:
    """VNNI and AMX multiply INT8 at once, AVX alone does not."""
    assert int8_units(known) == units


def test_this_machine() -> None:
    """It has a name, and its units are among its flags; what Linux does not say is empty."""
    assert processor()
    assert set(int8_units()) <= flags()
    assert cpuinfo("no such key") == ""

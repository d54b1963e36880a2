"""``plumewatch registry``: tables in and out, and a worker's configuration taken over."""

import subprocess
import sys
from pathlib import Path

import pytest

from api.contract.register.alert import AlertOrder
from api.contract.register.enterprise import Enterprise, Measure, Risk
from api.contract.register.entry import RegisterKind
from api.store.register.entries import EntryT, all_entries
from plumewatch.commands.registry_config import enter_config
from plumewatch.commands.registry_tables import Site, import_file, report_lines, table_of, template_of
from plumewatch.failures import UsageError
from tests.api.store.register.samples import OTHER, USCC
from vision.config.docs import EXAMPLE


def registered(site: Site, kind: type[EntryT]) -> list[EntryT]:
    """What the register holds of a kind."""
    with site.opened() as database, database.reading() as session:
        return [stored.document for stored in all_entries(session, kind)]


def test_wrong_rows_are_told_and_nothing_is_written(tmp_path: Path) -> None:
    """A line each, with what would be right, and the sums."""
    site = Site(tmp_path, "")
    table = tmp_path / "单位.csv"
    table.write_text(f"uscc,name,lon,lat\n{USCC},热力,116.6,39.9\n{OTHER},电力,x,39.9\n", encoding="gb18030")
    report = import_file(site, table, RegisterKind.ENTERPRISE, "核对", dry_run=False, partial=False)
    first, last = report_lines(report)
    assert first.startswith("row 3, lon: 'x' ")
    assert first.endswith("(right: a number such as 116.65)")
    assert last == "2 rows: 1 new, 0 changed, 0 unchanged, 1 wrong; nothing written"
    assert registered(site, Enterprise) == []
    report = import_file(site, table, RegisterKind.ENTERPRISE, "核对", dry_run=False, partial=True)
    assert list(report_lines(report))[-1].endswith("1 wrong; written")
    assert [each.name for each in registered(site, Enterprise)] == ["热力"]
    written = tmp_path / "out.xlsx"
    written.write_bytes(table_of(site, RegisterKind.ENTERPRISE, "xlsx", zh=True))
    report = import_file(site, written, RegisterKind.ENTERPRISE, "核对", dry_run=False, partial=False)
    assert (report.unchanged, report.wrong) == (1, 0)


def test_premises_that_no_camera_sees_are_counted(tmp_path: Path) -> None:
    """In a line of their own."""
    (tmp_path / "premises.csv").write_text("id,name\nP1,面馆\n")
    report = import_file(
        Site(tmp_path, ""), tmp_path / "premises.csv", RegisterKind.PREMISES, "核对", dry_run=True, partial=False
    )
    assert list(report_lines(report))[-1] == "in view of no camera: 1"


def test_what_is_no_table_is_one_sentence(tmp_path: Path) -> None:
    """With the file's name."""
    (tmp_path / "a.csv").write_bytes(template_of(RegisterKind.UNIT, "csv", zh=True))
    with pytest.raises(UsageError, match=r"a.csv: no column of officer is called '代码'"):
        import_file(Site(tmp_path, ""), tmp_path / "a.csv", RegisterKind.OFFICER, "核对", dry_run=True, partial=False)


def test_a_configuration_is_taken_over_once(tmp_path: Path) -> None:
    """Colour, list and alert become entries; a dry run writes nothing, and what is registered stays as it is."""
    site = Site(tmp_path, "")
    path = tmp_path / "worker.toml"
    path.write_text(EXAMPLE, encoding="utf-8")
    assert enter_config(site, path, "接管", dry_run=True) == [
        "enterprises: 1 would be entered, 0 registered already",
        "alert orders: 1 would be entered, 0 registered already",
    ]
    assert registered(site, Enterprise) == []
    assert enter_config(site, path, "接管", dry_run=False) == [
        "enterprises: 1 entered, 0 registered already",
        "alert orders: 1 entered, 0 registered already",
    ]
    [enterprise], [order] = registered(site, Enterprise), registered(site, AlertOrder)
    assert (enterprise.uscc, [span.colour for span in enterprise.risk]) == (USCC, [Risk.YELLOW])
    assert [(str(span.valid_from), span.version) for span in enterprise.positive_list] == [("2026-07-01", "2026-07")]
    assert (order.id, order.from_.isoformat()) == ("20261201T0000-orange", "2026-11-30T16:00:00+00:00")
    assert [measure.detector_code for measure in order.measures] == [Measure.EARTHWORK, Measure.PRODUCTION]
    path.write_text(EXAMPLE.replace("Example heating", "Renamed heating") + "\n", encoding="utf-8")
    assert enter_config(site, path, "接管", dry_run=False)[0] == "enterprises: 0 entered, 1 registered already"
    assert registered(site, Enterprise) == [enterprise]


@pytest.mark.e2e
def test_the_commands_work_together(tmp_path: Path) -> None:
    """A template is written, filled, tried, entered and exported; a wrong row is exit code 1, a wrong name 2."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "plumewatch", "registry", *arguments, "--data", str(tmp_path / "data")]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)

    table = tmp_path / "units.csv"
    assert run("export", str(table), "--kind", "unit", "--template", "--zh").returncode == 0
    table.write_text(table.read_text("utf-8-sig") + "TZ-01,通州大队,110112,生态环境\n", encoding="utf-8")
    assert run("import", str(table), "--kind", "unit", "--dry-run").stdout.endswith("nothing written\n")
    assert run("import", str(table), "--kind", "unit").stdout == (
        "1 rows: 1 new, 0 changed, 0 unchanged, 0 wrong; written\n"
    )
    assert run("export", str(tmp_path / "out.csv"), "--kind", "unit").returncode == 0
    assert "通州大队" in (tmp_path / "out.csv").read_text("utf-8-sig")
    table.write_text("code,name\n,x\n")
    assert run("import", str(table), "--kind", "unit").returncode == 1
    refused = run("export", str(tmp_path / "out.pdf"), "--kind", "unit")
    assert (refused.returncode, refused.stderr) == (
        2,
        f"plumewatch: {tmp_path / 'out.pdf'}: the name must end in .csv or .xlsx\n",
    )

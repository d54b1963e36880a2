"""``plumewatch rules list``: what is watched for here, and why the rest is not."""

import json
from pathlib import Path

from plumewatch.offline import describe_rules

CONFIG = """
[[cameras]]
id = "gate"
source = "x.mp4"
zones = [
    { name = "stack", kind = "outlet", polygon = [[0.4, 0.4], [0.6, 0.4], [0.6, 0.6]] },
    { name = "plant", kind = "premises", polygon = [[0.1, 0.4], [0.9, 0.4], [0.9, 0.9]] },
]
"""


def listed(config: Path | None) -> dict[str, dict[str, object]]:
    """Return the rows of the catalogue by number."""
    return {row["code"].split("_")[0]: row for row in json.loads(describe_rules(config, as_json=True))}


def test_without_zones_the_standing_rules_propose_and_the_rest_waits() -> None:
    """Eighteen rows: none at work, those that smoke and fire can show wait for a zone, the others for a model."""
    rows = listed(None)
    assert len(rows) == 18
    assert {number for number, row in rows.items() if row["status"] == "needs_zone"} == {
        *("V01", "V01B", "V02", "V03", "V04", "V05", "V06", "V12", "V17"),
    }
    assert {number for number, row in rows.items() if row["status"] == "not_detectable"} == {
        *("V07", "V08", "V09", "V10", "V11", "V13", "V14", "V15", "V16"),
    }
    assert rows["V01"]["proposed_by"] == "smoke.visible"
    assert rows["V10"]["missing_classes"] == ["vehicle", "plate"]


def test_zones_put_rules_to_work(tmp_path: Path) -> None:
    """An outlet wakes V01, V02, V12 and V17, a plant's ground V01B; each names the zone."""
    file = tmp_path / "site.toml"
    file.write_text(CONFIG, encoding="utf-8")
    rows = listed(file)
    assert {number for number, row in rows.items() if row["status"] == "active"} == {"V01", "V01B", "V02", "V12", "V17"}
    assert rows["V01"]["drawn"] == ["gate/stack"]
    assert rows["V17"]["drawn"] == ["gate/stack", "gate/plant"]


def test_people_read_it_in_both_languages() -> None:
    """A line for each rule, why, what is missing, and today's law with who has not confirmed it."""
    text = describe_rules(None, as_json=False)
    assert "not yet  ✘  V07_BARE_SOIL  裸露土方、料堆未覆盖  bare soil or piles not covered" in text
    assert "needs a zone of kind outlet; until then smoke.visible proposes this code" in text
    assert "《生态环境法典》第1107条、第221条（生态环境；法制部门未确认）" in text

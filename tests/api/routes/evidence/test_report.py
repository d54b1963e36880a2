"""The printed report over HTTP."""

from collections.abc import Callable

import httpx

from tests.api.conftest import Posting
from tests.api.contract.sample import LEAD_ID

BASE = f"/v1/evidence/{LEAD_ID}"


def test_a_filed_lead_is_printed(
    enrolled: httpx.Client, operator: httpx.Client, make_posting: Callable[..., Posting]
) -> None:
    """The report is a PDF for an operator alone; custody tells that it was printed, by whom; unknown leads are 404."""
    assert operator.get(f"{BASE}/report.pdf").status_code == 404
    assert make_posting().send(enrolled).status_code == 201
    assert enrolled.get(f"{BASE}/report.pdf").status_code == 401
    answer = operator.get(f"{BASE}/report.pdf")
    assert (answer.status_code, answer.headers["content-type"], answer.content[:5]) == (
        200,
        "application/pdf",
        b"%PDF-",
    )
    assert answer.headers["content-disposition"] == f'inline; filename="{LEAD_ID}_report.pdf"'
    saved = operator.get(f"{BASE}/report.pdf", params={"download": True})
    assert saved.headers["content-disposition"].startswith("attachment")
    entries = operator.get(f"{BASE}/custody").json()["entries"]
    assert [(entry["action"], entry["who"]) for entry in entries] == [
        ("filed", "worker:local"),
        ("printed", "operator:admin"),
        ("printed", "operator:admin"),
    ]

"""Lead documents for tests."""

from datetime import UTC, datetime, timedelta

from api.contract.wire.lead import LeadCamera, LeadDocument, LeadEvent, LeadEvidence, LeadMeasure, LeadModel, LeadRule

START = datetime(2026, 11, 23, 2, 30, 5, 120000, tzinfo=UTC)


def lead_document(lead_id: str, sums_sha256: str) -> LeadDocument:
    """A lead with a package whose list hashes to `sums_sha256`."""
    return LeadDocument(
        lead_id=lead_id,
        violation_code="V04_WASTE_BURN",
        camera=LeadCamera(id="gate-3", name="三号门"),
        event=LeadEvent(start=START, confirmed=START + timedelta(seconds=3), end=START + timedelta(seconds=9)),
        measure=LeadMeasure(
            kind="visible_emission",
            class_name="smoke",
            peak_confidence=0.875,
            peak_xyxy=(100, 200, 340.5, 420.25),
            peak_utc=START,
            observations=18,
            duration_s=9,
        ),
        rule=LeadRule(id="smoke.visible", version="1.0.0"),
        model=LeadModel(name="emissions-s", version="1.0.0", sha256="cd" * 32),
        evidence=LeadEvidence(package=f"/v1/evidence/{lead_id}", sums_sha256=sums_sha256),
        node="worker-01",
    )

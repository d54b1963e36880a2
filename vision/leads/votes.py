"""Votes: independent evidence for a lead, by the model, by physics and by the rule (domain.md 7.3)."""

from collections.abc import Iterator

from api.contract.wire.lead import LeadVote
from vision.leads.lead import Lead


def votes_for(lead: Lead, model: str) -> Iterator[LeadVote]:
    """Yield the votes for a lead; `model` is the name and version of the model."""
    peak, measured = lead.peak, lead.measurement
    if peak.confidence > 0:
        yield LeadVote(source="model", name=model, says=f"{peak.class_name} {peak.confidence:.2f}")
    change = peak.measures.get("most_change_ratio", peak.measures.get("change_ratio"))
    least_change = lead.rule_params.get("min_change")
    if change is not None and isinstance(least_change, float | int) and change >= least_change > 0:
        yield LeadVote(source="physics", name="change", says=f"{change:.1f} ≥ {least_change:g}")
    if measured is not None and measured.opacity is not None:
        spread = "" if measured.sd is None else f" ± {100 * measured.sd:.0f}"
        yield LeadVote(source="physics", name="opacity", says=f"{100 * measured.opacity:.0f}{spread} %")
    elif measured is not None and measured.least:
        yield LeadVote(source="physics", name="least_opacity", says=f"≥ {100 * measured.least:.0f} %")
    limit = lead.rule_params.get("grade_limit")
    if measured is not None and measured.grade is not None and isinstance(limit, float) and measured.grade > limit:
        yield LeadVote(source="rule", name="grade_limit", says=f"{measured.grade:g} > {limit:g}")
    seconds = lead.last.seconds_since(lead.first)
    yield LeadVote(source="rule", name="persistence", says=f"{seconds:.0f} s, n = {lead.observations}")

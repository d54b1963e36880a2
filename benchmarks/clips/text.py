"""A clips result as lines for the terminal: real film first."""

from benchmarks.accuracy.text import rate, share
from benchmarks.clips.result import ClipsResult, FalseLeads, FilmSet


def clips_text(result: ClipsResult) -> str:
    """Return the figures by decider and group, what was missed and why, and each false lead."""
    model, runtime = result.model, result.runtime
    ran = f"{runtime.engine} {runtime.version} {runtime.precision}, {result.analysis_fps:g} pictures a second"
    lines = [
        f"{model.name} {model.version} at {model.long_side_px} px, on {ran}; 95 % intervals in brackets",
        f"Events count where the clip is {result.shortest_s:g} s and longer, false leads in all clips.",
        *_set("REAL FILM", result.film, result.shortest_s),
    ]
    if result.rendered is not None:
        lines += _set("RENDERED SCENES", result.rendered, result.shortest_s)
    return "\n".join(lines)


def _set(title: str, one: FilmSet, shortest_s: float) -> list[str]:
    sources = f" of {one.sources} sources" if one.sources else ""
    unclear = f"; {one.unclear} unclear, counted nowhere" if one.unclear else ""
    refitted = f"; {one.refitted} judged by weights fitted without their source" if one.refitted else ""
    false_leads = f"{'false leads a clip':<34} false leads an hour"
    lines = [
        f"\n{title}: {one.clips} clips{sources}, {one.seconds / 3600:.2f} h{unclear}{refitted}",
        f"{'decider':<14} {'group':<16} {'events found':<32} {'median/slowest s':<17} {false_leads}",
    ]
    for decider in one.deciders:
        for name, group in decider.groups.items():
            if not group.recall.count and not (group.false_leads and group.false_leads.clips):
                continue
            took = "-" if group.confirm_s is None else f"{group.confirm_s.median:.1f}/{group.confirm_s.most:.1f}"
            false = "" if group.false_leads is None else _false(group.false_leads)
            lines.append(f"{decider.name:<14} {name:<16} {share(group.recall):<32} {took:<17} {false}".rstrip())
    lines.append(f"\n{'decider':<14} {'look-alike':<20} {false_leads}")
    lines += [
        f"{decider.name:<14} {kind:<20} {_false(false)}"
        for decider in one.deciders
        for kind, false in decider.look_alikes.items()
    ]
    lines += [
        f"missed: {each.clip} at {each.start_s:g} s ({' and '.join(each.classes)}): the {each.limit} is the limit"
        + (f"; shorter than {shortest_s:g} s" if each.is_short else "")
        for each in one.missed
    ]
    lines += [
        f"false: {each.decider}: {each.clip} at {each.at_s:.1f} s ({each.class_name}; {each.look_alike})"
        for each in one.false_leads
    ]
    return lines


def _false(one: FalseLeads) -> str:
    if one.a_clip is None or one.high is None:
        return "-"
    a_clip = f"{one.a_clip:.2f} ({one.an_hour.count} in {one.clips}; {one.low:.2f} to {one.high:.2f})"
    return f"{a_clip:<34} {rate(one.an_hour)}"

"""Words of the report: titles of groups, shares and durations as people say them, and its building blocks."""

from collections.abc import Mapping
from html import escape
from types import MappingProxyType

from benchmarks.accuracy.figures import Share

GROUP_TITLES: Mapping[str, str] = MappingProxyType(
    {
        "bstruck": "black smoke of lorries",
        "cctvfire": "fixed cameras, fire",
        "distant": "distant smoke",
        "distant_held": "distant smoke, held out",
        "ffire": "forest fire",
        "hn_excav": "excavators",
        "hn_garbage": "garbage",
        "hn_gautam": "traffic, day and night",
        "hn_s5kcloud": "clouds over hills",
        "hn_vid": "fixed cameras, clips",
        "joabe": "fire and smoke, web",
        "limj": "fire, web",
        "liuzifan": "fire and smoke, photos",
        "negcoco": "people and objects",
        "negexcav": "building sites",
        "neggarbage": "heaps of garbage",
        "negtraffic": "traffic",
        "sky_clouds": "clouds",
        "sky_fog": "fog",
        "sky_rain": "rain",
        "sky_shine": "sunshine",
        "sky_storm": "storm",
        "sky_sunrise": "sunrise",
        "smallfs": "small fires",
        "smoke5kre": "distant, other cameras",
        "streets_held": "streets and sites",
    }
)
"""What the groups of the project's own data hold."""

NEGATIVE_TITLES: Mapping[str, str] = MappingProxyType(
    {"cctvfire": "fixed cameras without fire", "joabe": "web pictures without fire"}
)
"""What is left of a group of fires where nothing burns."""


def group_title(group: str, *, is_negative: bool = False) -> str:
    """Return what a group's pictures show, or those of its negatives; its name where nobody has said it."""
    if is_negative and group in NEGATIVE_TITLES:
        return NEGATIVE_TITLES[group]
    return GROUP_TITLES.get(group, group.replace("_", " "))


def percent(one: Share) -> str:
    """Return ``91 %``, and ``4.4 %`` below a tenth."""
    if one.value is None:
        return "-"
    return f"{one.value:.0%}" if one.value >= 0.1 else f"{one.value:.1%}"


def interval(one: Share) -> str:
    """Return ``2.4% to 8.0%``."""
    return f"{one.low:.1%} to {one.high:.1%}"


def number(value: float | None) -> str:
    """Return a figure with two digits."""
    return "-" if value is None else f"{value:.2f}"


def duration(seconds: float) -> str:
    """Return whole minutes, or seconds below a minute and a half."""
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


def section(title: str, about: str) -> str:
    """Return a heading with what follows it in small print."""
    return f'<h2>{escape(title)}</h2><p class="soft">{escape(about)}</p>'


def figure(title: str, content: str) -> str:
    """Return a framed plot; `content` is markup."""
    head = f"<h3>{escape(title)}</h3>" if title else ""
    return f"<figure>{head}{content}</figure>"


def card(big: str, what: str, about: str) -> str:
    """Return one figure of the first page."""
    head = f'<div class="big">{escape(big)}</div><div class="what">{escape(what)}</div>'
    return f'<div class="card">{head}<p>{escape(about)}</p></div>'

"""Text of messages: title and lines, from the table of words; nothing of it is given by users."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from api.contract.notify.messages import Counts, Digest, Notice
from api.contract.notify.rules import Language
from api.contract.titles import VIOLATIONS, Title
from api.notify.words import EVENTS, ROLES, STATES, phrase, word, word_of


@dataclass(frozen=True, slots=True)
class MessageText:
    """A message for people; `link` is part of `text` too, and empty where the site has no public address."""

    title: str
    text: str
    link: str = ""


def notice_text(notice: Notice, language: Language, public_url: str) -> MessageText:
    """Return a notice in a language; times are those of its own zone."""
    if notice.lead_id is None:
        return _other_text(notice, language)
    what = notice.title_zh if language is Language.ZH else notice.title_en
    link = f"{public_url.rstrip('/')}/#lead={notice.lead_id}" if public_url else ""
    event = word(EVENTS[notice.event], language)
    late = phrase(f"level_{notice.level}", language) if notice.level in {50, 100, 150} else ""
    rank = "" if notice.priority is None else notice.priority.value
    lines = [
        phrase("lead", language, value=_joined(notice.lead_id, rank)),
        phrase("what", language, value=f"{what} ({notice.code})"),
        phrase("where", language, value=_where(notice)),
        phrase("when", language, value=local_time(notice.seen or notice.at, notice.timezone)),
        phrase("state", language, value=_joined(word_of(STATES, notice.state, language), late)),
        _act(notice, language),
        link,
    ]
    title = _joined(rank, late or event, what)
    return MessageText(title, "\n".join(line for line in lines if line), link)


def digest_text(digest: Digest, language: Language, public_url: str) -> MessageText:
    """Return a digest in a language."""
    since, until = (local_time(at, digest.timezone) for at in (digest.since, digest.until))
    title = phrase("digest", language, leads=digest.leads, messages=digest.messages)
    lines = [phrase("span", language, since=since, until=until)]
    counted: tuple[tuple[str, Counts, Mapping[str, Title]], ...] = (
        ("priorities", digest.priorities, {}),
        ("codes", digest.codes, VIOLATIONS),
        ("states", digest.states, STATES),
        ("others", digest.others, EVENTS),
    )
    for name, counts, words in counted:
        if counts:
            value = ", ".join(f"{word_of(words, key, language)} {count}" for key, count in counts.items())
            lines.append(phrase(name, language, value=value))
    for lead in digest.named:
        rank = "" if lead.priority is None else lead.priority.value
        what = word_of(VIOLATIONS, lead.code, language)
        lines.append(_joined(lead.lead_id, rank, what, word_of(STATES, lead.state, language)))
    if digest.leads > len(digest.named):
        lines.append(phrase("more", language, count=digest.leads - len(digest.named)))
    link = f"{public_url.rstrip('/')}/" if public_url else ""
    return MessageText(title, "\n".join([*lines, link] if link else lines), link)


def trial_text(language: Language) -> MessageText:
    """Return the message by which a channel is tried."""
    return MessageText(phrase("test_title", language), phrase("test_text", language))


def local_time(moment: datetime, timezone: str) -> str:
    """Return a moment in the local time of a zone: ``2026-11-23 10:30``."""
    return moment.astimezone(ZoneInfo(timezone)).strftime("%Y-%m-%d %H:%M")


def _other_text(notice: Notice, language: Language) -> MessageText:
    lines = [
        phrase("where", language, value=_where(notice)) if notice.camera_id else "",
        phrase("when", language, value=local_time(notice.at, notice.timezone)),
        phrase("state", language, value=word_of(STATES, notice.state, language)),
    ]
    title = _joined(word(EVENTS[notice.event], language), notice.camera or notice.camera_id)
    return MessageText(title, "\n".join(line for line in lines if line))


def _where(notice: Notice) -> str:
    return _joined(notice.town, notice.enterprise, notice.camera or notice.camera_id, notice.zone)


def _act(notice: Notice, language: Language) -> str:
    role = word_of(ROLES, notice.role, language) if notice.role else ""
    due = local_time(notice.due, notice.timezone) if notice.due is not None else ""
    if role and due:
        return phrase("act_by", language, role=role, due=due)
    if role:
        return phrase("act", language, role=role)
    return phrase("due", language, due=due) if due else ""


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)

"""Outgoing messages: a text for people, and facts for programs."""

from dataclasses import dataclass

from pydantic import JsonValue

from api.contract.notify.deliveries import MessageKind
from api.contract.notify.messages import Digest, Notice
from api.contract.notify.rules import Language
from api.notify.text import MessageText, digest_text, notice_text, trial_text
from api.store.notify.outbox import Claimed


@dataclass(frozen=True, slots=True)
class Origin:
    """Where messages come from: the site's name and the wall's address; both may be empty."""

    site: str
    public_url: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message as it goes out; `message_id` is that of all attempts."""

    message_id: str
    event: str
    text: MessageText
    facts: dict[str, JsonValue]


def compose(claimed: Claimed, origin: Origin) -> Outgoing:
    """Return a message as it goes out; raise `pydantic.ValidationError` for one that was stored otherwise."""
    content: Notice | Digest
    if claimed.kind is MessageKind.DIGEST:
        content = Digest.model_validate_json(claimed.document)
        event, text = claimed.kind.value, digest_text(content, claimed.language, origin.public_url)
    else:
        content = Notice.model_validate_json(claimed.document)
        event, text = content.event.value, notice_text(content, claimed.language, origin.public_url)
    facts = _facts(claimed.notification_id, claimed.kind.value, event, text, claimed.language, origin)
    facts[claimed.kind.value] = content.model_dump(mode="json")
    return Outgoing(claimed.notification_id, event, text, facts)


def compose_trial(language: Language, origin: Origin) -> Outgoing:
    """Return the message by which a channel is tested."""
    text = trial_text(language)
    return Outgoing("test", "test", text, _facts("test", "test", "test", text, language, origin))


def _facts(
    message_id: str, kind: str, event: str, text: MessageText, language: Language, origin: Origin
) -> dict[str, JsonValue]:
    return {
        "id": message_id,
        "kind": kind,
        "event": event,
        "site": origin.site,
        "language": language.value,
        "title": text.title,
        "text": text.text,
        "link": text.link,
    }

"""
Webhook: a message posted as JSON, signed so that the other side knows who sent it and when.

The header ``X-Plumewatch-Signature: t=1795400000,v1=HEX`` holds the seconds since 1970 and the HMAC-SHA256, under the
channel's secret, of ``t``, a full stop and the body. ``X-Plumewatch-Id`` is the same at each attempt.
"""

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

from api.contract.fields import one_line
from api.contract.trust.stamp import canonical_json
from api.notify.answer import ANSWER_MOST, Answer, answer_of, refused, unreached
from api.notify.guard import AddressError, is_loopback
from api.notify.outgoing import Outgoing
from api.notify.post import Post, UnreachedError
from api.store.notify.channels import Channel


def check_webhook(url: str, *, allow_plain: bool) -> None:
    """Raise `AddressError` for an address that no webhook may have."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise AddressError("url: must be an https address") from None
    if parts.scheme not in {"http", "https"} or not host or port == 0:
        raise AddressError("url: must be an https address")
    if "@" in parts.netloc:
        raise AddressError("url: a webhook is signed: leave user and password out of its address")
    if parts.scheme == "http" and not allow_plain and not is_loopback(host):
        raise AddressError("url: must be https, but for this machine itself or with allow_plain")


class Webhook:
    """
    Sends messages to webhooks.

    Args:
        post: sends a request.
        clock: the time now, aware UTC, for signatures.
    """

    def __init__(self, post: Post, clock: Callable[[], datetime]) -> None:
        self._post = post
        self._clock = clock

    async def send(self, channel: Channel, outgoing: Outgoing) -> Answer:
        """Post a message; see `api.notify.courier.Send`."""
        url, secret = channel.url.get_secret_value(), channel.secret.get_secret_value()
        body = canonical_json(outgoing.facts)
        headers = {
            "X-Plumewatch-Id": outgoing.message_id,
            "X-Plumewatch-Event": outgoing.event,
            "X-Plumewatch-Signature": signature(secret, int(self._clock().timestamp()), body),
        }
        try:
            check_webhook(url, allow_plain=channel.allow_plain)
            reply = await self._post(url, body, headers)
        except AddressError as fault:
            return refused(str(fault))
        except UnreachedError as fault:
            return unreached(str(fault))
        text = channel.hide(f"{reply.status} {reply.text}".strip())
        return answer_of(reply.status, one_line(text, ANSWER_MOST))


def signature(secret: str, at_s: int, body: bytes) -> str:
    """Return the value of the header ``X-Plumewatch-Signature``; `at_s` in seconds since 1970."""
    digest = hmac.new(secret.encode(), b"%d.%s" % (at_s, body), hashlib.sha256).hexdigest()
    return f"t={at_s},v1={digest}"

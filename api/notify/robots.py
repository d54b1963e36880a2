"""
Robots of WeCom and DingTalk groups: what they are posted, and what they answer.

They answer 200 to what they refuse too, with a number in the body. apprise 2.3, which knows their addresses, does not
look there, and encodes DingTalk's signature twice.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus
from urllib.parse import quote_plus

from pydantic import BaseModel, ValidationError

from api.contract.fields import one_line
from api.notify.answer import Answer, answer_of
from api.notify.post import Reply

MOST_BYTES = 2000
"""Of one message's text: WeCom takes 2048."""
_LATER = frozenset({-1, 45009, 130101, 410100})
"""Numbers of a robot that is busy, or was sent more than it takes in a minute."""


class _Result(BaseModel):
    errcode: int
    errmsg: str = ""


def wecom_address(key: str) -> str:
    """Return where the robot of a WeCom group listens."""
    return f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={quote_plus(key)}"


def dingtalk_address(token: str, secret: str, at: datetime) -> str:
    """Return where the robot of a DingTalk group listens, signed where it has a secret; good for an hour."""
    address = f"https://oapi.dingtalk.com/robot/send?access_token={quote_plus(token)}"
    if not secret:
        return address
    at_ms = int(at.timestamp() * 1000)
    digest = hmac.new(secret.encode(), f"{at_ms}\n{secret}".encode(), hashlib.sha256).digest()
    return f"{address}&timestamp={at_ms}&sign={quote_plus(base64.b64encode(digest))}"


def bodies(text: str) -> Iterator[bytes]:
    """Yield what is posted: a text in as few pieces as take all of it, broken between lines where that is possible."""
    piece = ""
    for line in text.splitlines():
        longer = f"{piece}\n{line}" if piece else line
        if len(longer.encode()) <= MOST_BYTES:
            piece = longer
            continue
        if piece:
            yield _body(piece)
        piece = line.encode()[:MOST_BYTES].decode("utf-8", "ignore")
    yield _body(piece)


def robot_answer(reply: Reply) -> Answer:
    """Return what a robot's answer means; its words are not without the address yet."""
    text = one_line(f"{reply.status} {reply.text}".strip())
    by_status = answer_of(reply.status, text)
    if reply.status != HTTPStatus.OK:
        return by_status
    try:
        result = _Result.model_validate_json(reply.text)
    except ValidationError:
        return Answer(delivered=False, is_refusal=False, text=text)
    is_refusal = result.errcode not in _LATER
    text = f"{result.errcode} {result.errmsg}".strip()
    return Answer(delivered=result.errcode == 0, is_refusal=is_refusal and result.errcode != 0, text=text)


def _body(text: str) -> bytes:
    return json.dumps({"msgtype": "text", "text": {"content": text}}, ensure_ascii=False).encode()

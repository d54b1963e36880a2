"""Robots of groups: where they listen, pieces that fit, and what their numbers mean."""

import base64
import hashlib
import hmac
import json
from urllib.parse import parse_qs, urlsplit

import pytest

from api.notify.post import Reply
from api.notify.robots import MOST_BYTES, bodies, dingtalk_address, robot_answer, wecom_address
from tests.api.notify.conftest import NOON


def texts(text: str) -> list[str]:
    return [json.loads(body)["text"]["content"] for body in bodies(text)]


def test_addresses() -> None:
    """A key in the query; DingTalk's signature is that of its documentation, encoded once."""
    assert wecom_address("a-b/c") == "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=a-b%2Fc"
    assert dingtalk_address("t", "", NOON) == "https://oapi.dingtalk.com/robot/send?access_token=t"
    fields = parse_qs(urlsplit(dingtalk_address("t", "SECx", NOON)).query)
    at_ms = int(NOON.timestamp() * 1000)
    signed = hmac.new(b"SECx", f"{at_ms}\nSECx".encode(), hashlib.sha256).digest()
    assert fields == {"access_token": ["t"], "timestamp": [str(at_ms)], "sign": [base64.b64encode(signed).decode()]}


def test_a_text_goes_in_pieces_that_fit() -> None:
    """Broken between lines; a line that is too long is cut; a short text is one piece."""
    assert texts("") == [""]
    assert texts("线索\n地点") == ["线索\n地点"]
    lines = [f"{number} " + "线索" * 50 for number in range(20)]
    pieces = texts("\n".join(lines))
    assert "\n".join(pieces).split("\n") == lines
    assert all(len(piece.encode()) <= MOST_BYTES for piece in pieces)
    assert len(pieces) == 4
    assert texts("线" * 1000 + "\n地点") == ["线" * 666, "地点"]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(200, '{"errcode": 0, "errmsg": "ok"}'), (True, False, "0 ok")),
        (Reply(200, '{"errcode": 93000, "errmsg": "invalid webhook url"}'), (False, True, "93000 invalid webhook url")),
        (Reply(200, '{"errcode": 310000, "errmsg": "sign not match"}'), (False, True, "310000 sign not match")),
        (Reply(200, '{"errcode": 45009, "errmsg": "too often"}'), (False, False, "45009 too often")),
        (Reply(200, '{"errcode": 130101}'), (False, False, "130101")),
        (Reply(200, "<html>log in"), (False, False, "200 <html>log in")),
        (Reply(503, ""), (False, False, "503")),
        (Reply(404, "gone"), (False, True, "404 gone")),
    ],
)  # fmt: skip
def test_what_a_robot_answers(reply: Reply, expected: tuple[bool, bool, str]) -> None:
    """Taken; refused for good; busy, or asked too often; another page than the robot's."""
    answer = robot_answer(reply)
    assert (answer.delivered, answer.is_refusal, answer.text) == expected

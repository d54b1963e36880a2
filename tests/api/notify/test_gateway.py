"""Channels of apprise: which addresses they may have, and messages through its plainest service."""

import asyncio
import json
import logging
from collections.abc import Iterator, Mapping

import pytest

from api.notify.gateway import SCHEMES, Gateway
from api.notify.guard import AddressError
from api.notify.outgoing import Outgoing
from api.notify.post import HttpPost, Post, Reply
from api.notify.text import MessageText
from tests.api.notify.conftest import NOON, Site
from tests.api.notify.receiver import Receiver

KEYED = "json://clerk:pass-of-clerk@127.0.0.1:{port}/hooks/key-in-the-path"


@pytest.fixture
def records() -> Iterator[list[str]]:
    """What the library and all others log, at any level, where root handlers would see it."""
    told: list[str] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.append(record.getMessage())

    handler, root = Keeping(logging.DEBUG), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield told
    root.removeHandler(handler)
    root.setLevel(level)


def gateway(post: Post | None = None) -> Gateway:
    """A gateway at noon."""
    return Gateway(1.0, post or HttpPost(1.0), lambda: NOON)


def test_a_message_goes_through_apprise(site: Site, desk: Receiver, records: list[str]) -> None:
    """Title and text arrive; neither log, answer nor delivery log holds what its address does."""
    site.channel(KEYED.format(port=desk.port), kind="apprise", secret=None)
    site.rule(language="en")
    (lead,) = site.file()
    desk.answers = [500]
    site.deliver()
    site.pass_time(seconds=6)
    site.deliver()
    first, second = desk.received
    assert first.document["title"] == second.document["title"]
    assert lead.lead_id in second.document["message"]
    assert second.document["title"].startswith("P2 · New lead")
    told = "\n".join(records)
    assert "pass-of-clerk" not in told
    assert "key-in-the-path" not in told


def test_why_it_was_not_delivered_comes_back(site: Site, desk: Receiver) -> None:
    """What the library says of an attempt, without the address."""
    desk.answers = [403]
    channel = site.channel(KEYED.format(port=desk.port), kind="apprise", secret=None)
    answer = site.trial(channel)
    assert not answer.delivered
    assert "error=403" in answer.text
    assert desk.received[0].document["title"] == "测试消息"
    assert "key-in-the-path" not in answer.text


@pytest.mark.parametrize("setting", ["", "?redirect=yes"])
def test_a_redirect_is_not_followed(site: Site, desk: Receiver, setting: str) -> None:
    """Nothing goes to where an answer leads, whatever the address asks for."""
    desk.answers = [307]
    channel = site.channel(KEYED.format(port=desk.port) + setting, kind="apprise", secret=None)
    assert not site.trial(channel).delivered
    assert [each.path for each in desk.received] == ["/hooks/key-in-the-path"]


@pytest.mark.parametrize(
    "url",
    [
        "wecombot://botkey-12345/",
        "dingtalk://SECsigning12345@token12345678/",
        "feishu://token12345678901234567890/",
        "mailtos://clerk:word@mail.example.cn?to=desk@bureau.example",
        "mailto://127.0.0.1:2525?from=wall@bureau.example&to=desk@bureau.example",
        "json://127.0.0.1:8080/",
    ],
)
def test_addresses_that_a_channel_may_have(url: str) -> None:
    """Group robots, mail, and plain JSON to this machine."""
    gateway().check(url, allow_plain=False)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "syslog://",
        "dbus://",
        "https://hooks.example/",
        "json://10.0.0.7/",
        "mailto://clerk:word@mail.example.cn?to=desk@bureau.example",
        "mailtos://u:p@mail.example?to=a@b.example&pgpprv=/etc/passwd",
        "wecombot://",
        "dingtalk://[",
        "mailto://127.0.0.1?smtp=mail.example.cn&from=wall@bureau.example&to=desk@bureau.example",
        "mailtos://clerk:word@mail.example.cn?to=desk@bureau.example&mode=insecure",
        "jsons://hooks.example/?verify=no",
    ],
)
def test_addresses_that_it_may_not_have(url: str) -> None:
    """Services of this machine, files, plain text to others, and what the library cannot read."""
    with pytest.raises(AddressError, match=r"^url: "):
        gateway().check(url, allow_plain=False)


def test_plain_text_is_sent_where_an_admin_said_so() -> None:
    """On a network of one's own."""
    gateway().check("json://10.0.0.7/", allow_plain=True)


def test_a_group_robot_is_posted_to_by_its_key(site: Site) -> None:
    """In pieces that fit, up to the first that is not taken; what it says comes back without the key."""
    posted: list[tuple[str, bytes]] = []

    async def post(url: str, body: bytes, _: Mapping[str, str]) -> Reply:
        posted.append((url, body))
        code = 0 if len(posted) < 2 else 45009
        return Reply(200, json.dumps({"errcode": code, "errmsg": "of botkey-12345"}))

    channel = site.channel("wecombot://botkey-12345/", kind="apprise", secret=None)
    long = MessageText("汇总", "\n".join(["线索" * 100] * 10))
    answer = asyncio.run(gateway(post).send(channel, Outgoing("1", "digest", long, {})))
    assert (answer.delivered, answer.is_refusal, answer.text) == (False, False, "45009 of ***")
    assert {url for url, _ in posted} == {"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=botkey-12345"}
    assert len(posted) == 2
    assert all(len(json.loads(body)["text"]["content"].encode()) <= 2000 for _, body in posted)


def test_the_named_services_are_the_librarys() -> None:
    """Each scheme that the documents name is one that the library has."""
    from apprise.manager_plugins import NotificationManager  # noqa: PLC0415

    assert set(SCHEMES) <= set(NotificationManager().schemas())

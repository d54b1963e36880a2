"""Webhooks: which addresses they may have, their signature, and what of them is shown."""

import pytest

from api.contract.notify.channels import ChannelKind
from api.notify.guard import AddressError
from api.notify.webhook import check_webhook, signature
from tests.api.notify.conftest import Site


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("https://hooks.example/a?key=1", False),
        ("https://[2001:db8::1]:8443/", False),
        ("http://127.0.0.1:8080/", False),
        ("http://localhost/", False),
        ("http://[::1]/", False),
        ("http://10.0.0.7/", True),
    ],
)
def test_addresses_that_a_webhook_may_have(url: str, plain: bool) -> None:
    """Https anywhere; http to this machine, or where an admin said so."""
    check_webhook(url, allow_plain=plain)


@pytest.mark.parametrize(
    "url",
    ["", "hooks.example", "ftp://hooks.example/", "http://10.0.0.7/", "https:///a", "https://u:p@hooks.example/",
     "https://hooks.example:99999/", "https://[::1/", "http://localhost.example/"],
)  # fmt: skip
def test_addresses_that_it_may_not_have(url: str) -> None:
    """The reason repeats nothing of the address."""
    with pytest.raises(AddressError, match=r"^url: ") as refused:
        check_webhook(url, allow_plain=False)
    assert url == "" or url not in str(refused.value)


def test_the_signature_of_the_documentation() -> None:
    """The worked example of docs/notifications.md."""
    assert signature("the-secret-of-the-example", 1795400000, b'{"id":"1"}') == (
        "t=1795400000,v1=d985966f7d79127e0a4a27ed7d2c249381c9d6157e4a6fc05cf9a94379623364"
    )


def test_a_channel_shows_neither_address_nor_secret(site: Site) -> None:
    """Its text, what is shown of it, and what another side repeats."""
    channel = site.channel("https://hooks.example:8443/robot/send-key-123?access_token=abcdef", secret="s" * 20)
    assert channel.address() == "https://hooks.example:8443/***"
    for secret in ("send-key-123", "abcdef", "s" * 20):
        assert secret not in repr(channel)
        assert secret not in channel.hide(f"no such {secret} at hooks.example")
    assert channel.hide("at hooks.example:8443") == "at hooks.example:8443"
    robot = site.channel("wecombot://robot-key-12345", name="robot", kind="apprise", secret=None)
    assert (robot.kind, robot.address()) == (ChannelKind.APPRISE, "wecombot://***")


def test_a_machine_that_is_not_there_is_told(site: Site) -> None:
    """A port that nobody listens at is no refusal: the message waits."""
    channel = site.channel("http://127.0.0.1:9/")
    answer = site.trial(channel)
    assert (answer.delivered, answer.is_refusal) == (False, False)
    assert answer.text == "cannot be reached: ConnectError"

"""
Gateway: messages through the services that the library apprise knows; its only import, and not before it is needed:
it takes 0.4 s and 15 MB.

Of its services those are allowed that send to people and read no file of this machine. The library logs by itself and
names addresses there, so its log is kept apart: what it says of an attempt comes back as the answer.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import anyio.to_thread

from api.contract.fields import one_line
from api.notify.answer import ANSWER_MOST, Answer, refused, unreached
from api.notify.guard import AddressError, check_host, is_loopback
from api.notify.outgoing import Outgoing
from api.notify.post import Post, UnreachedError
from api.notify.robots import bodies, dingtalk_address, robot_answer, wecom_address
from api.notify.text import MessageText
from api.store.notify.channels import Channel

if TYPE_CHECKING:
    from apprise import AppriseAsset, AppriseResult, NotifyBase

PLAIN = frozenset({"json", "form", "mailto", "smseagle"})
"""Schemes that speak without TLS, to a machine that their address names."""
OF_MACHINES = PLAIN | {"jsons", "forms", "mailtos", "smseagles"}
"""Schemes whose address names a machine; that of the others is a key."""
SCHEMES = OF_MACHINES | {
    *("wecombot", "wechat", "dingtalk", "feishu", "lark"),
    *("acs", "bulksms", "clicksend", "infobip", "msgbird", "nexmo", "plivo", "sinch", "twilio", "vonage"),
}
_FILES = frozenset({"pgp", "pgppub", "pgpprv", "pgpkey", "attach-as"})
"""Settings in an address that make the library read or write files here."""
_LOG_BYTES = 4000


class Gateway:
    """
    Sends messages to the addresses of apprise, each once: the outbox tries again.

    Args:
        timeout_s: for the connection and for each piece of the answer; twice that for all of it.
        post: sends a request, to the robots of groups.
        clock: the time now, aware UTC, for their signatures.
    """

    def __init__(self, timeout_s: float, post: Post, clock: Callable[[], datetime]) -> None:
        self._timeout_s = timeout_s
        self._post = post
        self._clock = clock

    @cached_property
    def _asset(self) -> "AppriseAsset":
        """How the library works."""
        from apprise import AppriseAsset, PersistentStoreMode  # noqa: PLC0415

        quiet_library()
        return AppriseAsset(
            plugin_paths=[],
            storage_mode=PersistentStoreMode.MEMORY,
            service_timeout=2 * self._timeout_s,
            allow_templates=False,
            secure_logging=True,
            result_log_memory_size=_LOG_BYTES,
            app_id="Plumewatch",
            app_desc="Plumewatch",
            app_url="",
            async_mode=False,
        )

    def check(self, url: str, *, allow_plain: bool) -> None:
        """Raise `AddressError` for an address that no channel may have."""
        self._service(url, allow_plain=allow_plain)

    async def send(self, channel: Channel, outgoing: Outgoing) -> Answer:
        """Send a message; see `api.notify.courier.Send`."""
        url = channel.url.get_secret_value()
        try:
            service = await anyio.to_thread.run_sync(lambda: self._service(url, allow_plain=channel.allow_plain))
            if robot := self._robot(service):
                async with asyncio.timeout(2 * self._timeout_s):
                    answer = await self._to_robot(robot, outgoing.text)
            else:
                # Whoever stops the process need not wait: the message stays claimed, and is sent again later.
                answer = await anyio.to_thread.run_sync(_notify, service, outgoing.text, abandon_on_cancel=True)
        except AddressError as fault:
            return refused(str(fault))
        except UnreachedError as fault:
            return unreached(str(fault))
        except TimeoutError:
            return unreached(f"no answer within {2 * self._timeout_s:g} s")
        return replace(answer, text=one_line(channel.hide(answer.text), ANSWER_MOST))

    def _robot(self, service: "NotifyBase") -> str:
        """Return where the robot of a group listens; empty for other services."""
        from apprise.plugins.dingtalk import NotifyDingTalk  # noqa: PLC0415
        from apprise.plugins.wecombot import NotifyWeComBot  # noqa: PLC0415

        if isinstance(service, NotifyWeComBot):
            return wecom_address(service.key)
        if isinstance(service, NotifyDingTalk):
            return dingtalk_address(service.token, service.secret or "", self._clock())
        return ""

    async def _to_robot(self, address: str, text: MessageText) -> Answer:
        """Post a text in its pieces, up to the first that is not taken."""
        answer = unreached("nothing to send")
        for body in bodies(f"{text.title}\n{text.text}"):
            answer = robot_answer(await self._post(address, body, {}))
            if not answer.delivered:
                break
        return answer

    def _service(self, url: str, *, allow_plain: bool) -> "NotifyBase":
        from apprise import Apprise, NotifyBase  # noqa: PLC0415
        from apprise.common import OverflowMode  # noqa: PLC0415

        try:
            parts = urlsplit(url)
            scheme, settings = parts.scheme.lower(), dict(parse_qsl(parts.query))
        except ValueError:
            raise AddressError("url: must be an address of apprise, e.g. wecombot://KEY") from None
        if scheme not in SCHEMES:
            raise AddressError(f"url: {scheme[:20] or 'it'} is none of {', '.join(sorted(SCHEMES))}")
        if named := sorted(_FILES & {name.lower() for name in settings}):
            raise AddressError(f"url: {named[0]} is not possible here")
        try:
            service = Apprise.instantiate(url, asset=self._asset, suppress_exceptions=False)
        except (TypeError, ValueError):  # their words may repeat the address
            service = None
        if not isinstance(service, NotifyBase):
            raise AddressError(f"url: apprise cannot read this address of {scheme}")
        if not allow_plain and not is_loopback(_machine(service)):
            if scheme in PLAIN or getattr(service, "secure_mode", "") == "insecure":
                raise AddressError(f"url: {scheme} without TLS goes to this machine alone, or needs allow_plain")
            if not service.verify_certificate:
                raise AddressError("url: verify=no needs allow_plain")
        service.redirects = False
        service.retry = 0
        service.socket_connect_timeout = service.socket_read_timeout = self._timeout_s
        service.overflow_mode = OverflowMode.SPLIT
        return service


def quiet_library() -> None:
    """Keep the library's own log out of ours, and the lines of its HTTP client that name whole addresses."""
    logging.getLogger("urllib3").setLevel(logging.INFO)
    logger = logging.getLogger("apprise")
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


def _machine(service: "NotifyBase") -> str:
    """Return the machine that a service's address names: that of mail may stand in a setting; empty: none."""
    if service.schema not in OF_MACHINES:
        return ""
    named: str = getattr(service, "smtp_host", "") or service.host or ""
    return named


def _notify(service: "NotifyBase", text: MessageText) -> Answer:
    """Send a text by the library; its words are not without the address yet. Blocks."""
    from apprise import Apprise, NotifyFormat, NotifyType  # noqa: PLC0415

    try:
        if machine := _machine(service):
            check_host(machine)
    except OSError as fault:
        return unreached(f"cannot be reached: {type(fault).__name__}")
    apprise = Apprise(asset=service.asset)
    apprise.add(service)
    result = apprise.notify(
        title=text.title, body=text.text, notify_type=NotifyType.INFO, body_format=NotifyFormat.TEXT
    )
    answer = _last_line(result)
    return Answer(delivered=bool(result), is_refusal=False, text=answer or ("delivered" if result else "not delivered"))


def _last_line(result: "AppriseResult") -> str:
    """Return the last line that the library logged of an attempt."""
    lines = [entry.message for service in result for attempt in service for entry in attempt]
    return lines[-1] if lines else ""

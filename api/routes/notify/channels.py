"""Channels of notification: where messages go; read, written and tried by admins. No answer shows a secret."""

from typing import Annotated

import structlog
from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from api.clock import utc_now
from api.contract.notify.channels import NotificationChannel
from api.contract.notify.deliveries import ChannelTest, ChannelView
from api.contract.notify.rules import RULE_ID_PATTERN, Language
from api.notify.guard import AddressError
from api.people.auth import Admin, caller_name
from api.problems import Problem
from api.routes.notify.versions import IfMatch, check_match, notify_faults
from api.routes.stored import etag_of
from api.state import ApiState, State
from api.store.faults import UnknownRecord
from api.store.notify.channels import Channel, delete_channel, find_channel, list_channels, put_channel

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/v1/notifications/channels", tags=["notification"])

ChannelPath = Annotated[str, Path(pattern=RULE_ID_PATTERN)]


class ChannelList(BaseModel):
    """All channels by name."""

    channels: list[ChannelView]


@router.get("")
def get_channels(_: Admin, state: State) -> ChannelList:
    """List the channels, without their secrets."""
    with state.database.reading() as session:
        return ChannelList(channels=[_view(channel) for channel in list_channels(session)])


@router.get("/{name}")
def get_one_channel(name: ChannelPath, _: Admin, state: State, response: Response) -> ChannelView:
    """Show a channel, without its secrets."""
    channel = _found(state, name)
    response.headers["ETag"] = etag_of(channel.version)
    return _view(channel)


@router.put("/{name}", responses={201: {"model": ChannelView, "description": "It is new"}})
async def put_one_channel(
    name: ChannelPath,
    body: NotificationChannel,
    admin: Admin,
    state: State,
    response: Response,
    if_match: IfMatch = None,
) -> ChannelView:
    """
    Write a channel (201 or 200); a leaf of the log says so, without its secrets. Address and secret stay if left out.

    412: somebody else was faster; 428: it is there and no ``If-Match`` was sent; 422: an address that no channel may
    have.
    """
    if body.name != name:
        raise Problem(422, "invalid-input", f"the document is of channel {body.name}, the address of {name}")

    def write() -> Channel:
        with state.database.writing() as session, notify_faults():
            known = find_channel(session, name)
            check_match(if_match, None if known is None else known.version, f"channel {name}")
            written = put_channel(session, body, caller_name(admin), utc_now())
            try:
                state.notifier.check(written)
            except AddressError as fault:
                raise Problem(422, "invalid-input", str(fault)) from None
            return written

    channel = await run_in_threadpool(write)
    log.info("notification channel written", channel=name, address=channel.address(), by=caller_name(admin))
    response.status_code = 201 if channel.version == 1 else 200
    response.headers["ETag"] = etag_of(channel.version)
    return _view(channel)


@router.delete("/{name}", status_code=204)
async def delete_one_channel(name: ChannelPath, admin: Admin, state: State, if_match: IfMatch = None) -> None:
    """Remove a channel; its waiting messages are given up. 409 ``in-use``: a rule names it; 412, 428: as above."""

    def remove() -> None:
        with state.database.writing() as session, notify_faults():
            known = find_channel(session, name)
            if known is not None:
                check_match(if_match, known.version, f"channel {name}")
            delete_channel(session, name, caller_name(admin), utc_now())

    await run_in_threadpool(remove)
    log.info("notification channel removed", channel=name, by=caller_name(admin))


@router.post("/{name}/test")
async def post_test(
    name: ChannelPath, admin: Admin, state: State, language: Annotated[Language, Query()] = Language.ZH
) -> ChannelTest:
    """Send a test message at once, past the queue, and tell what the other side said."""
    channel = await run_in_threadpool(_found, state, name)
    answer = await state.notifier.courier.trial(channel, language)
    log.info("notification channel tried", channel=name, delivered=answer.delivered, by=caller_name(admin))
    return ChannelTest(delivered=answer.delivered, answer=answer.text)


def _found(state: ApiState, name: str) -> Channel:
    with state.database.reading() as session, notify_faults():
        channel = find_channel(session, name)
        if channel is None:
            raise UnknownRecord(f"there is no channel {name}")
        return channel


def _view(channel: Channel) -> ChannelView:
    return ChannelView(
        name=channel.name,
        kind=channel.kind,
        address=channel.address(),
        has_secret=bool(channel.secret.get_secret_value()),
        operator=channel.operator,
        allow_plain=channel.allow_plain,
        most_a_minute=channel.most_a_minute,
        version=channel.version,
        changed=channel.changed,
    )

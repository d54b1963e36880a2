"""Rules of notification: who gets which messages; read and written by admins."""

from typing import Annotated

import structlog
from fastapi import APIRouter, Path, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from api.clock import utc_now
from api.contract.notify.rules import RULE_ID_PATTERN, NotificationRule
from api.contract.wire.moment import UtcTime
from api.people.auth import Admin, caller_name
from api.problems import Problem
from api.routes.notify.versions import IfMatch, check_match, notify_faults
from api.routes.stored import etag_of
from api.state import State
from api.store.notify.rules import StoredRule, delete_rule, find_rule, list_rules, put_rule, rule_version

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/v1/notifications/rules", tags=["notification"])

RuleIdPath = Annotated[str, Path(pattern=RULE_ID_PATTERN)]


class RuleView(BaseModel):
    """A rule; its version is the ``ETag`` that a change must name in ``If-Match``."""

    rule: NotificationRule
    version: int
    changed: UtcTime


class RuleList(BaseModel):
    """All rules by id."""

    rules: list[RuleView]


@router.get("")
def get_rules(_: Admin, state: State) -> RuleList:
    """List the rules."""
    with state.database.reading() as session:
        return RuleList(rules=[_view(found) for found in list_rules(session)])


@router.get("/{rule_id}")
def get_one_rule(rule_id: RuleIdPath, _: Admin, state: State, response: Response) -> RuleView:
    """Show a rule."""
    with state.database.reading() as session:
        found = find_rule(session, rule_id)
    if found is None:
        raise Problem(404, "not-found", f"there is no rule {rule_id}")
    response.headers["ETag"] = etag_of(found.version)
    return _view(found)


@router.put("/{rule_id}", responses={201: {"model": RuleView, "description": "It is new"}})
async def put_one_rule(
    rule_id: RuleIdPath,
    body: NotificationRule,
    admin: Admin,
    state: State,
    response: Response,
    if_match: IfMatch = None,
) -> RuleView:
    """
    Write a rule, whole (201 or 200); a leaf of the log says so. It counts for new events.

    412: somebody else was faster; 428: it is there and no ``If-Match`` was sent; 422: it names a channel that is not.
    """
    if body.id != rule_id:
        raise Problem(422, "invalid-input", f"the document is of rule {body.id}, the address of {rule_id}")

    def write() -> StoredRule:
        with state.database.writing() as session, notify_faults():
            check_match(if_match, rule_version(session, rule_id), f"rule {rule_id}")
            return put_rule(session, body, caller_name(admin), utc_now())

    found = await run_in_threadpool(write)
    log.info("notification rule written", rule=rule_id, enabled=body.enabled, by=caller_name(admin))
    response.status_code = 201 if found.version == 1 else 200
    response.headers["ETag"] = etag_of(found.version)
    return _view(found)


@router.delete("/{rule_id}", status_code=204)
async def delete_one_rule(rule_id: RuleIdPath, admin: Admin, state: State, if_match: IfMatch = None) -> None:
    """Remove a rule; a leaf of the log says so. What it has queued is sent all the same. 412, 428 as for a change."""

    def remove() -> None:
        with state.database.writing() as session, notify_faults():
            version = rule_version(session, rule_id)
            if version is not None:
                check_match(if_match, version, f"rule {rule_id}")
            delete_rule(session, rule_id, caller_name(admin), utc_now())

    await run_in_threadpool(remove)
    log.info("notification rule removed", rule=rule_id, by=caller_name(admin))


def _view(found: StoredRule) -> RuleView:
    return RuleView(rule=found.rule, version=found.version, changed=found.changed)

"""Cameras' files under article 41, and the chains of their packages."""

import re
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from api.clock import utc_now
from api.contract.evidence.article41 import Article41File, Lack, LeadClass, admissibility, in_words, local_day
from api.contract.wire.moment import UtcTime
from api.people.auth import Admin, AnyOperator, caller_name
from api.problems import Problem
from api.routes.fleet.cameras import CameraIdPath
from api.routes.stored import etag_of
from api.state import State
from api.store.cameras import get_camera
from api.store.evidence.camera_files import CameraFile, camera_file, camera_file_versions, put_camera_file
from api.store.evidence.chains import LinkState, chain_of
from api.store.faults import StaleVersion, UnknownRecord

router = APIRouter(prefix="/v1/cameras/{camera_id}", tags=["cameras"])

_ETAG = re.compile(r'^"(\d{1,9})"$')


class CameraFileDocument(BaseModel):
    """A version of a camera's file; its ``ETag`` is the version."""

    camera_id: str
    version: int = Field(description="0: nothing was entered yet")
    file: Article41File
    by: str
    at: UtcTime | None
    log_index: int | None = Field(description="leaf of the append-only log that holds this version")
    class_today: LeadClass = Field(description="what a lead of a violation that cameras may fix would be today")
    lacks_today: list[Lack]
    lacks_today_zh: str


class CameraFileVersions(BaseModel):
    """All versions, oldest first."""

    versions: list[CameraFileDocument]


class ChainLinkDocument(BaseModel):
    """A package; ``state`` describes its link to the one before it."""

    lead_id: str
    sums_sha256: str
    previous: str = Field(description="the package before it, as its manifest names it; zeros for the first")
    created: UtcTime
    state: LinkState


class ChainDocument(BaseModel):
    """A camera's newest packages, the newest first."""

    camera_id: str
    links: list[ChainLinkDocument]
    faults: int = Field(description="links that are a hole or forked")


@router.get("/article41")
def get_article41(camera_id: CameraIdPath, _: AnyOperator, state: State, response: Response) -> CameraFileDocument:
    """Show what is on file for a camera, and what is lacking today."""
    with state.database.reading() as session:
        found = camera_file(session, camera_id)
    response.headers["ETag"] = etag_of(found.version)
    return _document(found)


@router.get("/article41/versions")
def get_article41_versions(camera_id: CameraIdPath, _: AnyOperator, state: State) -> CameraFileVersions:
    """Show every version of a camera's file."""
    with state.database.reading() as session:
        found = camera_file_versions(session, camera_id)
    return CameraFileVersions(versions=[_document(version) for version in found])


@router.put("/article41")
async def put_article41(
    camera_id: CameraIdPath,
    body: Article41File,
    admin: Admin,
    state: State,
    response: Response,
    if_match: Annotated[str | None, Header(description="the file's ETag as you read it")] = None,
) -> CameraFileDocument:
    """
    Store a new version, whole; it is a leaf of the log. 412: changed by another request; 428: no If-Match.

    Leads filed before keep the class that they were filed with.
    """
    if if_match is None:
        raise Problem(428, "if-match-required", "the header If-Match must hold the ETag of the camera's file")
    match = _ETAG.match(if_match)
    if match is None:
        raise Problem(412, "stale-version", f"If-Match must be the ETag of this camera's file, found {if_match[:40]}")

    def put() -> CameraFile:
        with state.database.writing() as session:
            try:
                get_camera(session, camera_id)
                return put_camera_file(
                    session, camera_id, body, version=int(match[1]), by=caller_name(admin), at=utc_now()
                )
            except UnknownRecord as fault:
                raise Problem(404, "not-found", str(fault)) from fault
            except StaleVersion as fault:
                raise Problem(412, "stale-version", str(fault)) from fault

    made = await run_in_threadpool(put)
    response.headers["ETag"] = etag_of(made.version)
    return _document(made)


@router.get("/chain")
def get_chain(
    camera_id: CameraIdPath, _: AnyOperator, state: State, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> ChainDocument:
    """Show how a camera's packages hang together: a package that was taken away leaves a hole."""
    with state.database.reading() as session:
        links = chain_of(session, camera_id, limit)
    return ChainDocument(
        camera_id=camera_id,
        links=[
            ChainLinkDocument(
                lead_id=link.lead_id,
                sums_sha256=link.sums_sha256,
                previous=link.previous,
                created=link.created,
                state=link.state,
            )
            for link in links
        ],
        faults=sum(link.state in {LinkState.HOLE, LinkState.FORKED} for link in links),
    )


def _document(found: CameraFile) -> CameraFileDocument:
    lacks = tuple(
        lack for lack in admissibility(found.file, "", local_day(utc_now())).lacks if lack is not Lack.NOT_PROVIDED_FOR
    )
    return CameraFileDocument(
        camera_id=found.camera_id,
        version=found.version,
        file=found.file,
        by=found.by,
        at=found.at,
        log_index=found.log_index,
        class_today="lead_only" if lacks else "evidence_candidate",
        lacks_today=list(lacks),
        lacks_today_zh=in_words(lacks),
    )

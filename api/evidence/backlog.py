"""Backlog: leads and packages that were filed before there was a search are indexed once, while the API works."""

import structlog
from sqlalchemy import exists, select
from starlette.concurrency import run_in_threadpool

from api.contract.evidence.manifest import parse_manifest
from api.contract.evidence.package import MANIFEST, SUMS
from api.contract.trust.stamp import StampError, parse_sha256_list
from api.evidence.vault import VaultError
from api.state import ApiState
from api.store.evidence.chains import add_link
from api.store.leads import index_waiting
from api.store.search import index_files
from api.store.search_tables import PackageFileRow
from api.store.tables import PackageRow

log = structlog.get_logger(__name__)

PIECE = 50
"""Leads indexed in one transaction: other writers wait that long."""


async def index_backlog(state: ApiState) -> None:
    """Index the leads that are not indexed yet, and log their number."""
    leads = packages = 0
    try:
        while done := await run_in_threadpool(_index_leads, state):
            leads += done
        packages = await run_in_threadpool(index_packages, state)
    except Exception:  # the API works without: the rest is indexed at the next start
        log.exception("backlog indexing stopped", leads=leads, packages=packages)
        return
    if leads or packages:
        log.info("backlog indexed", leads=leads, packages=packages)


def index_packages(state: ApiState) -> int:
    """Let the packages be found by their files that cannot be yet; return how many; blocks."""
    own = PackageFileRow.sha256 == PackageRow.sums_sha256
    known = exists().where(own, PackageFileRow.lead_id == PackageRow.lead_id, PackageFileRow.name == SUMS)
    with state.database.reading() as session:
        waiting = session.execute(select(PackageRow.lead_id, PackageRow.sums_sha256).where(~known)).all()
    done = 0
    for lead_id, sums_sha256 in waiting:
        try:
            sizes = state.vault.sizes(sums_sha256)
            listed = parse_sha256_list(b"".join(state.vault.read(sums_sha256, SUMS, 0, sizes[SUMS])))
            manifest = parse_manifest(b"".join(state.vault.read(sums_sha256, MANIFEST, 0, sizes[MANIFEST])))
        except (VaultError, StampError, KeyError) as fault:
            log.warning("package not indexed", lead=lead_id, error=str(fault))
            continue
        with state.database.writing() as session:
            index_files(session, lead_id, sums_sha256, listed)
            add_link(session, sums_sha256, manifest)
        done += 1
    return done


def _index_leads(state: ApiState) -> int:
    with state.database.writing() as session:
        return index_waiting(session, PIECE)

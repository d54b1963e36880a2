"""
Stamper: gets the time-stamps that the store's queue asks for, from the site's own authority or an outside one.

The site's own answers at once, so a package is stamped in the transaction that files it. An outside one is asked in the
background: while it does not answer, stamps wait in the store (``pending``), are asked for again with growing pauses,
and after 24 h are an alarm.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

import httpx
import structlog
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from starlette.concurrency import run_in_threadpool

from api.contract.evidence.site_proofs import CLOCK_ALLOWANCE
from api.contract.trust.revocation import Revocations, parse_crls
from api.contract.trust.stamp import StampError, fingerprint, read_certificates
from api.contract.trust.timestamp import TimeStamp
from api.settings import Settings
from api.store.database import Database
from api.store.evidence.stamps import StoredStamp, newest_stamp_time, put_back, queue_missing, stamp_queue, store_stamp
from api.store.evidence.stamps import take_waiting as take
from api.store.evidence.trust import revoked_certificates
from api.trust.authority import Authority, AuthorityError, HttpAuthority, SiteAuthority, ask
from api.trust.keys import KeysError, SiteKeys

log = structlog.get_logger(__name__)

PERIOD_S = 2.0
"""How long the background task rests where nothing waits."""
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=10)
"""Pauses of one stamp double from the first to the longest."""
ALARM_EVERY_S = 3600.0


@dataclass(frozen=True, slots=True)
class StampSource:
    """
    An authority, the roots and policies that count for it, and whether it works without a network.

    `crls` returns the current lists of revoked certificates beside the roots.
    """

    authority: Authority
    roots: tuple[x509.Certificate, ...]
    policies: tuple[str, ...]
    is_local: bool
    crls: Callable[[], Sequence[x509.CertificateRevocationList]] = tuple


def outside_roots(settings: Settings) -> bytes:
    """Return the roots of the outside authority, PEM; empty without one. Raises `KeysError` for a wrong setting."""
    if not settings.tsa_url:
        return b""
    if settings.tsa_roots is None:
        raise KeysError("PLUMEWATCH_TSA_URL needs PLUMEWATCH_TSA_ROOTS: a file with the authority's root certificates")
    try:
        pem = settings.tsa_roots.read_bytes()
        read_certificates(pem)
        parse_crls(pem)
    except (OSError, StampError) as fault:
        raise KeysError(f"PLUMEWATCH_TSA_ROOTS: {settings.tsa_roots}: {fault}") from fault
    return pem


class Stamper:
    """
    See the module; `turn` does the work, `run` repeats it.

    Args:
        database: holds the queue.
        source: the authority.
        clock: the time now, aware UTC.
    """

    def __init__(self, database: Database, source: StampSource, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._source = source
        self._clock = clock

    @classmethod
    def open(
        cls,
        settings: Settings,
        keys: SiteKeys,
        database: Database,
        clock: Callable[[], datetime],
        stack: contextlib.ExitStack,
    ) -> Self:
        """Return the stamper of the settings; `stack` closes what it opens. Raises `KeysError`."""
        with database.writing() as session:
            missing = queue_missing(session, clock())
            newest = newest_stamp_time(session)
        if missing:
            log.info("time-stamps requested for packages without one", count=missing)
        roots: Sequence[x509.Certificate]
        if settings.tsa_url:
            client = stack.enter_context(httpx.Client(timeout=settings.tsa_timeout_s, follow_redirects=False))
            roots = read_certificates(outside_roots(settings))
            authority: Authority = HttpAuthority(client, settings.tsa_url)
        else:
            roots = [keys.root.certificate]
            authority = SiteAuthority(keys.stamps, clock, newest)
        source = StampSource(
            authority,
            tuple(roots),
            tuple(settings.tsa_policies),
            is_local=not settings.tsa_url,
            crls=lambda: parse_crls(outside_roots(settings)),
        )
        return cls(database, source, clock)

    def agrees_with(self, made: datetime) -> bool:
        """
        True if a document dated `made` can be stamped now: verification refuses a stamp from before that time. The
        clock of an outside authority may be behind ours by `CLOCK_ALLOWANCE`.
        """
        return made <= self._clock() + (CLOCK_ALLOWANCE if self._source.is_local else timedelta(0))

    def stamp_now(self, digest: str) -> StoredStamp | None:
        """Return a stamp for a hex SHA-256 where the authority is the site's own and gives it; else ``None``."""
        if not self._source.is_local:
            return None
        try:
            return self._ask(digest)
        except AuthorityError as fault:
            log.warning("no time-stamp", reason=str(fault))
            return None

    def turn(self) -> bool:
        """Ask for one waiting stamp; return whether another one may follow at once. Blocks."""
        now = self._clock()
        with self._database.writing() as session:
            waiting = take(session, now)
        if waiting is None:
            return False
        try:
            stamp = self._ask(waiting.digest)
        except AuthorityError as fault:
            pause = min(FIRST_PAUSE * 2 ** min(waiting.attempts - 1, 16), LONGEST_PAUSE)
            with self._database.writing() as session:
                put_back(session, waiting.digest, str(fault), now + pause)
            log.warning(
                "no time-stamp", kind=waiting.kind.value, subject=waiting.subject, reason=str(fault), retry=str(pause)
            )
            return False
        with self._database.writing() as session:
            store_stamp(session, waiting.digest, stamp)
        log.info("time-stamp received", kind=waiting.kind.value, subject=waiting.subject, at=stamp.gen_time.isoformat())
        return True

    def _ask(self, digest: str) -> StoredStamp:
        given = ask(
            self._source.authority,
            bytes.fromhex(digest),
            roots=self._roots(),
            clock=self._clock,
            policies=self._source.policies,
        )
        self._check_stands(given.stamp)
        others = [each for each in given.stamp.chain if each != given.stamp.certificate]
        pem = b"".join(each.public_bytes(Encoding.PEM) for each in (given.stamp.certificate, *others))
        return StoredStamp(given.answer, pem.decode(), given.stamp.gen_time, given.stamp.kind.value)

    def _check_stands(self, stamp: TimeStamp) -> None:
        """Raise `AuthorityError` where a list beside the roots revokes the signer: no package would verify under it."""
        try:
            Revocations({}, self._source.crls(), self._source.roots).check_stands(
                stamp.certificate, stamp.gen_time, stamp.chain
            )
        except (StampError, KeysError) as fault:
            raise AuthorityError(str(fault)) from fault

    def _roots(self) -> Sequence[x509.Certificate]:
        """Return the roots for stamps, without revoked ones, under which no package would verify."""
        if self._source.is_local:
            return self._source.roots
        with self._database.reading() as session:
            revoked = revoked_certificates(session)
        standing = [each for each in self._source.roots if fingerprint(each) not in revoked]
        if not standing:
            raise AuthorityError("the roots of the outside authority (PLUMEWATCH_TSA_ROOTS) were revoked")
        return standing

    def tell_late(self) -> None:
        """Log an alarm where a stamp has been waited for too long."""
        with self._database.reading() as session:
            queue = stamp_queue(session)
        if queue.late(self._clock()):
            log.error(
                "time-stamps are late",
                waiting=queue.waiting,
                since=None if queue.oldest is None else queue.oldest.isoformat(),
                reason=queue.fault,
            )

    async def run(self) -> None:
        """Get stamps until cancelled; to be run by `api.fleet.broker.keep_running`."""
        told = -ALARM_EVERY_S
        loop = asyncio.get_running_loop()
        while True:
            while await run_in_threadpool(self.turn):
                pass
            if loop.time() - told >= ALARM_EVERY_S:
                told = loop.time()
                await run_in_threadpool(self.tell_late)
            await asyncio.sleep(PERIOD_S)

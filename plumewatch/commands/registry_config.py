"""A worker's configuration taken into the register: its `[[enterprises]]` and `[[alerts]]` become entries."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from api.clock import utc_now
from api.contract.evidence.article41 import local_day
from api.contract.register.alert import AlertMeasure, AlertOrder
from api.contract.register.enterprise import Enterprise, Listing, Risk, RiskEntry
from api.store.register.changes import put_entries
from api.store.register.entries import EntryT, all_entries
from plumewatch.commands.registry_tables import Site, caller
from vision.config.alerts import AlertConfig
from vision.config.enterprises import EnterpriseConfig
from vision.config.worker import load_config


def enter_config(site: Site, path: Path, reason: str, *, dry_run: bool) -> list[str]:
    """
    Enter what a configuration holds and the register does not; return what that did, a line a kind.

    Raises `vision.config.worker.ConfigError` for a file that is no configuration.
    """
    config = load_config(path)
    at = utc_now()
    enterprises = [enterprise_of(each, local_day(at)) for each in config.enterprises]
    alerts = [order_of(each, config.site.zone) for each in config.alerts]
    lines = []
    with site.opened() as database, database.writing() as session:
        for noun, kind, documents in (("enterprises", Enterprise, enterprises), ("alert orders", AlertOrder, alerts)):
            new = _unknown(session, kind, documents)
            if not dry_run:
                put_entries(session, new, who=caller(), reason=reason, at=at)
            done = "would be entered" if dry_run else "entered"
            lines.append(f"{noun}: {len(new)} {done}, {len(documents) - len(new)} registered already")
    return [*lines, *_left_out(config.enterprises)]


def enterprise_of(config: EnterpriseConfig, day: date) -> Enterprise:
    """Return a configured enterprise as an entry; a configuration knows no dates of a colour: it holds from `day`."""
    listed = config.positive_list
    return Enterprise(
        uscc=config.uscc,
        name=config.name,
        risk=[] if config.risk is Risk.NONE else [RiskEntry(colour=config.risk, valid_from=day, valid_to=None)],
        positive_list=[]
        if listed is None
        else [Listing(valid_from=listed.from_, valid_to=listed.to, version=listed.version)],
        exempt_measures=list(config.exempt_measures),
    )


def order_of(config: AlertConfig, zone: ZoneInfo) -> AlertOrder:
    """Return a configured alert as an entry; its id is made of its beginning and its level."""
    begin, end = _aware(config.from_, zone), _aware(config.to, zone)
    return AlertOrder(
        id=f"{begin.astimezone(zone):%Y%m%dT%H%M}-{config.level}",
        level=config.level,
        from_=begin,
        to=end,
        order=config.order,
        exempt=list(config.exempt),
        measures=[AlertMeasure(measure=each.value, detector_code=each) for each in config.measures],
    )


def _unknown(session: Session, kind: type[EntryT], documents: Sequence[EntryT]) -> list[EntryT]:
    """Return the documents whose key the register does not hold, each key once."""
    known = {stored.document.key for stored in all_entries(session, kind)}
    return list({document.key: document for document in documents if document.key not in known}.values())


def _left_out(enterprises: Sequence[EnterpriseConfig]) -> Iterator[str]:
    confirmed = sum(bool(each.confirmed) for each in enterprises)
    if confirmed:
        yield f"confirmed violations of {confirmed} enterprises were left out: they come from leads, not from entries"


def _aware(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)

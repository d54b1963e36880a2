"""What proves the site's past, opened together and in order: keys, time-stamps, the log with its checkpoints."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from api.settings import Settings
from api.store.database import Database
from api.trust.checkpoints import Checkpoints
from api.trust.keys import SiteKeys, open_site_keys
from api.trust.stamper import Stamper


@dataclass(frozen=True, slots=True)
class Provers:
    """The site's keys and what works with them."""

    keys: SiteKeys
    stamper: Stamper
    checkpoints: Checkpoints


def open_provers(
    settings: Settings, database: Database, clock: Callable[[], datetime], stack: contextlib.ExitStack
) -> Provers:
    """
    Return the provers of the settings; `stack` closes what they open.

    Raises `api.trust.keys.KeysError`, or `api.trust.checkpoints.LogError` where the log shrank or forked: then nothing
    may start.
    """
    keys = open_site_keys(settings.keys_folder(), settings.site_name, clock())
    stamper = Stamper.open(settings, keys, database, clock, stack)
    interval = timedelta(seconds=settings.checkpoint_interval_s)
    return Provers(keys, stamper, Checkpoints.open(database, keys, settings.keys_folder(), interval, clock, stamper))

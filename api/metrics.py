"""Metrics of the API, in one registry an app, in Prometheus' text form."""

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.clock import utc_now
from api.evidence.scrub import ScrubOutcome
from api.fleet.reports import Fleet
from api.store.evidence.stamps import StampQueue
from api.store.notify.log import NotificationQueue

LEADS = ("plumewatch_leads", "Leads by state")
STAMPS_WAITING = ("plumewatch_time_stamps_waiting", "Time-stamps asked for and not given yet")
SCRUB_FAULTS = ("plumewatch_scrub_faults", "Faults that the newest scrub found; none before the first scrub")
SCRUB_STARTED = ("plumewatch_scrub_started_timestamp_seconds", "When the newest scrub began, in seconds since 1970")
NOTIFICATIONS_WAITING = ("plumewatch_notifications_waiting", "Messages that wait for their channel")
NOTIFICATIONS_DEAD = ("plumewatch_notifications_dead", "Messages that were given up and not tried again since")
NOTIFICATIONS_OLDEST = ("plumewatch_notifications_oldest_seconds", "How long the oldest that waits could have gone")
STAMPS_OLDEST = ("plumewatch_time_stamps_oldest_seconds", "How long the oldest of them has been waited for")


class Metrics:
    """
    The API's counters.

    Args:
        leads_by_state: asked at each scrape.

        stamp_queue: asked at each scrape.

        last_scrub: asked at each scrape.

        notification_queue: asked at each scrape.
    """

    def __init__(
        self,
        leads_by_state: Callable[[], Mapping[str, int]],
        stamp_queue: Callable[[], StampQueue],
        last_scrub: Callable[[], ScrubOutcome | None],
        notification_queue: Callable[[], NotificationQueue] = NotificationQueue,
    ) -> None:
        self.registry = CollectorRegistry()
        self.request_seconds = Histogram(
            "plumewatch_request_seconds",
            "Time from the first byte of a request to the last of its answer",
            ["method", "route", "status"],
            registry=self.registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
        )
        self.posts = Counter(
            "plumewatch_lead_posts", "Leads posted by outboxes, by answer", ["status"], registry=self.registry
        )
        self.verification_failures = Counter(
            "plumewatch_verification_failures", "Packages that failed a check", ["check"], registry=self.registry
        )
        self.announcements = Counter(
            "plumewatch_announcements", "Lead announcements read from the bus", ["result"], registry=self.registry
        )
        self.rows_left_out = Counter(
            "plumewatch_bus_rows_left_out", "Times a row on the bus could not be read", ["kind"], registry=self.registry
        )
        self.cameras = Gauge("plumewatch_cameras", "Cameras by last reported state", ["state"], registry=self.registry)
        self.unclaimed = Gauge(
            "plumewatch_cameras_unclaimed",
            "Registered cameras that no worker has claimed or watches",
            registry=self.registry,
        )
        self.viewers = Gauge("plumewatch_live_viewers", "Live tiles being sent", registry=self.registry)
        self.live_skips = Counter(
            "plumewatch_live_skips", "Times a slow viewer was moved to the newest key frame", registry=self.registry
        )
        self.coverage_hours = Counter(
            "plumewatch_coverage_hours", "Hours of coverage reported by workers", ["result"], registry=self.registry
        )
        self.vault_packages = Gauge(
            "plumewatch_vault_packages",
            "Evidence packages: kept, of these under a legal hold, of these due to go, and deleted",
            ["state"],
            registry=self.registry,
        )
        self.vault_bytes = Gauge(
            "plumewatch_vault_bytes", "Bytes of the packages that are kept", registry=self.registry
        )
        self.vault_free_bytes = Gauge(
            "plumewatch_vault_free_bytes", "Room that is left for packages", registry=self.registry
        )
        self.vault_days_left = Gauge(
            "plumewatch_vault_days_left", "Until the vault is full at the present rate", registry=self.registry
        )
        self.vault_room = Gauge(
            "plumewatch_vault_room", "1 for how urgent the vault's room is", ["level"], registry=self.registry
        )
        self.notifications = Counter(
            "plumewatch_notifications",
            "What came of messages: sent; failed, to be tried again; gathered into a digest; dead",
            ["channel", "outcome"],
            registry=self.registry,
        )
        self.fleet = Fleet()
        self.registry.register(self.fleet)
        self.registry.register(_LeadsByState(leads_by_state))
        self.registry.register(_StampsWaiting(stamp_queue))
        self.registry.register(_LastScrub(last_scrub))
        self.registry.register(_NotificationsWaiting(notification_queue))

    def text(self) -> bytes:
        """Return all metrics."""
        return generate_latest(self.registry)


class _LeadsByState(Collector):
    def __init__(self, leads_by_state: Callable[[], Mapping[str, int]]) -> None:
        self._leads_by_state = leads_by_state

    def describe(self) -> Iterable[Metric]:
        """Name the metric without asking the store."""
        return [GaugeMetricFamily(*LEADS, labels=["state"])]

    def collect(self) -> Iterable[Metric]:
        """Count."""
        family = GaugeMetricFamily(*LEADS, labels=["state"])
        for state, count in sorted(self._leads_by_state().items()):
            family.add_metric([state], count)
        return [family]


class _StampsWaiting(Collector):
    def __init__(self, stamp_queue: Callable[[], StampQueue]) -> None:
        self._stamp_queue = stamp_queue

    def describe(self) -> Iterable[Metric]:
        """Name the metrics without asking the store."""
        return [GaugeMetricFamily(*STAMPS_WAITING), GaugeMetricFamily(*STAMPS_OLDEST)]

    def collect(self) -> Iterable[Metric]:
        """Count what waits."""
        queue = self._stamp_queue()
        age_s = 0.0 if queue.oldest is None else max(0.0, (utc_now() - queue.oldest).total_seconds())
        return [
            GaugeMetricFamily(*STAMPS_WAITING, value=queue.waiting),
            GaugeMetricFamily(*STAMPS_OLDEST, value=age_s),
        ]


class _LastScrub(Collector):
    def __init__(self, last_scrub: Callable[[], ScrubOutcome | None]) -> None:
        self._last_scrub = last_scrub

    def describe(self) -> Iterable[Metric]:
        """Name the metrics without asking the store."""
        return [GaugeMetricFamily(*SCRUB_FAULTS), GaugeMetricFamily(*SCRUB_STARTED)]

    def collect(self) -> Iterable[Metric]:
        """Return the outcome of the newest scrub; no values before the first."""
        outcome = self._last_scrub()
        if outcome is None:
            return self.describe()
        return [
            GaugeMetricFamily(*SCRUB_FAULTS, value=outcome.faults),
            GaugeMetricFamily(*SCRUB_STARTED, value=outcome.started.timestamp()),
        ]


class _NotificationsWaiting(Collector):
    def __init__(self, notification_queue: Callable[[], NotificationQueue]) -> None:
        self._notification_queue = notification_queue

    def describe(self) -> Iterable[Metric]:
        """Name the metrics without asking the store."""
        return [GaugeMetricFamily(*each) for each in (NOTIFICATIONS_WAITING, NOTIFICATIONS_DEAD, NOTIFICATIONS_OLDEST)]

    def collect(self) -> Iterable[Metric]:
        """Count what waits and what was given up."""
        queue = self._notification_queue()
        age_s = 0.0 if queue.oldest is None else max(0.0, (utc_now() - queue.oldest).total_seconds())
        return [
            GaugeMetricFamily(*NOTIFICATIONS_WAITING, value=queue.waiting),
            GaugeMetricFamily(*NOTIFICATIONS_DEAD, value=queue.dead),
            GaugeMetricFamily(*NOTIFICATIONS_OLDEST, value=age_s),
        ]

"""V12, production during a heavy-pollution alert: an outlet that smokes although an order stops production."""

from collections.abc import Callable
from datetime import datetime

from api.contract.register.enterprise import Measure
from vision.config.alerts import AlertCalendar
from vision.config.enterprises import EnterpriseConfig
from vision.config.worker import WorkerConfig
from vision.rules.zone.zonal import RuleName

NAME = RuleName("alert.production", "1.0.0", "V12_ALERT_STOP", "smoke")


def production_gate(config: WorkerConfig, owner: EnterpriseConfig | None) -> Callable[[datetime], bool]:
    """Return whether, at an aware time, an order stops production and the owner need follow it."""
    calendar = AlertCalendar(config.alerts, config.site.zone)
    if owner is not None and Measure.PRODUCTION in owner.exempt_measures:
        return lambda _: False

    def holds(utc: datetime) -> bool:
        order = calendar.at(utc)
        is_exempt = order is not None and owner is not None and owner.uscc in order.exempt
        return order is not None and Measure.PRODUCTION in order.measures and not is_exempt

    return holds

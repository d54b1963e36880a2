"""What became of messages, by the log and by the metric."""

from prometheus_client.parser import text_string_to_metric_families

from api.contract.notify.deliveries import Delivery, DeliveryState
from api.store.notify.log import list_deliveries
from tests.api.notify.conftest import Site


def deliveries(site: Site, state: DeliveryState | None = None) -> list[Delivery]:
    """The log, oldest first."""
    with site.database.reading() as session:
        page = list_deliveries(session, state=state, channel=None, lead=None, before=None, limit=200)
    return list(reversed(page.notifications))


def counted(site: Site) -> dict[str, float]:
    """What the metric of messages says, by outcome."""
    families = text_string_to_metric_families(site.metrics.text().decode())
    found = [each for family in families if family.name == "plumewatch_notifications" for each in family.samples]
    return {each.labels["outcome"]: each.value for each in found if each.name.endswith("_total")}

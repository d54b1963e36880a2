"""Following leads from the terminal: a line for each, and the check of a package as an outsider would do it."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import structlog

from api.contract.evidence.verification import verify_package
from api.contract.titles import title_of
from api.contract.wire.event import EventType, WallEvent
from plumewatch.commands.reports import verification_text

log = structlog.get_logger(__name__)


class LeadFollower:
    """Reads wall events with a worker's key; remembers the cursor, so a restart of the API loses nothing."""

    def __init__(self, url: str, worker_key: str, transport: httpx.BaseTransport | None = None) -> None:
        """`transport` is for tests."""
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {worker_key}"},
            timeout=10.0,
            transport=transport,
            trust_env=False,
        )
        self._cursor: int | None = None
        self.filed: list[str] = []

    def news(self) -> Iterator[str]:
        """
        Yield a line for each lead that was announced or filed since the last call.

        Nothing comes while the API does not answer, or something else does at its address: that is tried again.
        """
        try:
            if self._cursor is None:
                self._cursor = self._newest()
            answer = self._http.get("/v1/events", params={"after": self._cursor, "limit": 200})
            answer.raise_for_status()
            events = [WallEvent.model_validate(item) for item in answer.json()["events"]]
        except httpx.HTTPError as error:
            log.debug("events wait for the API", error=str(error))
            return
        except (ValueError, KeyError, TypeError) as error:
            log.warning("what answers tells no events", error=type(error).__name__)
            return
        for event in events:
            self._cursor = event.cursor
            if event.lead is None or event.type not in {EventType.LEAD_ANNOUNCED, EventType.LEAD_FILED}:
                continue
            if event.type is EventType.LEAD_FILED:
                self.filed.append(event.subject)
            lead = event.lead
            stage = "filed    " if event.type is EventType.LEAD_FILED else "announced"
            yield (
                f"{event.at:%H:%M:%S} lead {stage} {lead.lead_id} {title_of(lead).en} {lead.violation_code} "
                f"camera {lead.camera.id} "
                f"{lead.measure.class_name} {lead.measure.peak_confidence:.2f} since {lead.event.start:%H:%M:%S} UTC"
            )

    def verify_first(self) -> tuple[bool, str]:
        """Download the first filed package and check it offline; return whether it holds, and the report."""
        lead_id = self.filed[0]
        roots = self._http.get("/v1/trust/nodes.pem")
        roots.raise_for_status()
        with tempfile.TemporaryDirectory() as folder:
            package = Path(folder) / f"{lead_id}.tar"
            with self._http.stream("GET", f"/v1/evidence/{lead_id}/package.tar") as answer, package.open("wb") as file:
                answer.raise_for_status()
                for chunk in answer.iter_bytes():
                    file.write(chunk)
            report = verify_package(package, roots.content)
        return report.ok, f"package of {lead_id}:\n{verification_text(report)}"

    def _newest(self) -> int:
        answer = self._http.get("/v1/events", params={"after": 0, "limit": 1, "newest": "true"})
        answer.raise_for_status()
        return int(answer.json()["newest"])

"""Health, problems and the page itself."""

import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update
from starlette.requests import HTTPConnection

from api.people.auth import calls_from_here
from api.settings import Settings
from api.store.tables import OperatorRow
from api.wall.assets import read_assets
from tests.api.conftest import Posting, RunningApi


def test_a_running_api_is_alive_and_ready(api: RunningApi) -> None:
    """200 from both, and every part ok."""
    with httpx.Client(base_url=api.url) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()["parts"]) == (
            200,
            {"bus": "ok", "database": "ok", "disk": "ok", "vault": "ok"},
        )


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz"])
def test_a_balancer_may_ask_by_head(api: RunningApi, path: str) -> None:
    """HEAD gives what GET gives, without the body."""
    with httpx.Client(base_url=api.url) as client:
        asked, told = client.head(path), client.get(path)
    assert (asked.status_code, asked.content, asked.headers["content-length"]) == (
        200,
        b"",
        told.headers["content-length"],
    )


def test_a_wrong_method_is_told_all_that_are_possible(api: RunningApi) -> None:
    """``Allow`` names the methods of every call at the address, not those of one alone (RFC 9110, 15.5.6)."""
    with httpx.Client(base_url=api.url) as client:
        allowed = {path: client.patch(path).headers["allow"] for path in ("/healthz", "/v1/leads", "/v1/cameras/gate")}
    assert allowed == {"/healthz": "GET, HEAD", "/v1/leads": "GET, POST", "/v1/cameras/gate": "DELETE, GET, PUT"}


@pytest.mark.parametrize("path", ["/metrics", "/readyz"])
def test_the_sites_inside_is_not_for_everybody(
    api: RunningApi, operator: httpx.Client, worker: httpx.Client, path: str
) -> None:
    """Programs of the machine read it; through a proxy it takes a session or a key, wherever the caller says he is."""
    with httpx.Client(base_url=api.url) as anybody:
        assert anybody.get(path).status_code == 200
        for headers in (
            {"X-Forwarded-For": "198.51.100.7"},
            {"X-Forwarded-For": "127.0.0.1"},
            {"X-Forwarded-Proto": "https"},
            {"Forwarded": "for=198.51.100.7"},
        ):
            refused = anybody.get(path, headers=headers)
            assert (refused.status_code, refused.json()["type"]) == (401, "urn:plumewatch:problem:login-required")
            for known in (operator, worker):
                assert known.get(path, headers=headers).status_code == 200
        wrong = anybody.get(path, headers={"X-Forwarded-For": "198.51.100.7", "Authorization": "Bearer wrong"})
        assert wrong.json()["type"] == "urn:plumewatch:problem:worker-key-required"
        assert anybody.get("/healthz", headers={"X-Forwarded-For": "198.51.100.7"}).status_code == 200


@pytest.mark.parametrize(
    ("host", "here"),
    [
        (None, True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.7", False),
        ("::ffff:10.0.0.7", False),
        ("fe80::1", False),
        ("testclient", False),
    ],
)
def test_who_calls_from_here(host: str | None, here: bool) -> None:
    """The loopback in all its forms, or a socket of the file system; nothing else."""
    client = None if host is None else (host, 4711)
    assert calls_from_here(HTTPConnection({"type": "http", "client": client, "headers": []})) is here


class TestAlone:
    """An API whose bus is away."""

    @pytest.fixture
    def settings(self, tmp_path: Path) -> Settings:
        """No Redis is at this address."""
        return Settings(data_dir=tmp_path / "data", redis_url=f"unix://{tmp_path}/nothing", port=0)

    def test_leads_are_filed_and_the_rest_says_503(
        self, enrolled: httpx.Client, operator: httpx.Client, make_posting: Callable[..., Posting]
    ) -> None:
        """Leads and cameras are taken; readyz, health and snapshot say that the bus is away."""
        ready = operator.get("/readyz")
        assert (ready.status_code, ready.json()["parts"]["database"]) == (503, "ok")
        assert ready.json()["parts"]["bus"].startswith("the bus does not answer")
        assert make_posting().send(enrolled).status_code == 201
        assert len(operator.get("/v1/leads").json()["leads"]) == 1
        camera = {"id": "gate-3", "source": "rtsp://10.0.0.1/1"}
        assert operator.put("/v1/cameras/gate-3", json=camera).status_code == 201
        listed = operator.get("/v1/cameras").json()
        assert (listed["bus"], len(listed["cameras"])) == (False, 1)
        for path in ("/v1/cameras/gate-3/health", "/v1/cameras/gate-3/snapshot.jpg"):
            answer = operator.get(path)
            assert (answer.status_code, answer.json()["type"]) == (503, "urn:plumewatch:problem:bus-away")


def test_every_error_is_a_problem(operator: httpx.Client) -> None:
    """Unknown address, wrong method, invalid input, too long a body: application/problem+json with type and status."""
    as_json = {"Content-Type": "application/json"}
    long = {"username": "a", "password": "b" * (2 << 20)}
    for answer, status in (
        (operator.get("/v1/nothing"), 404),
        (operator.get("/wall/nothing.js"), 404),
        (operator.delete("/v1/leads"), 405),
        (operator.get("/v1/leads/nothing"), 422),
        (operator.get("/v1/leads", params={"limit": 0}), 422),
        (operator.post("/v1/session", content=b"{"), 422),
        (operator.post("/v1/session", json=long), 413),
        (operator.post("/v1/session", content=iter([b" " * (1 << 20)] * 3), headers=as_json), 413),
    ):
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
        assert answer.json()["status"] == status
        assert answer.json()["type"].startswith("urn:plumewatch:problem:")
        assert "Traceback" not in answer.text


def test_a_fault_inside_gets_a_problem_without_its_inside(api: RunningApi, operator: httpx.Client) -> None:
    """A fault that nobody expected is answered 500 with no word of it."""
    with api.state.database.writing() as session:
        session.execute(update(OperatorRow).values(role="geheim"))
    answer = operator.get("/v1/session")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.json()["type"] == "urn:plumewatch:problem:internal-fault"
    assert "geheim" not in answer.text


def test_metrics_count_what_happened(
    enrolled: httpx.Client, operator: httpx.Client, make_posting: Callable[..., Posting]
) -> None:
    """Leads by state, posts by answer, failed checks, times by route."""
    posting = make_posting()
    posting.send(enrolled)
    broken = Posting(posting.lead, posting.tar.replace(b"pixels", b"pixelz", 1))
    assert broken.send(enrolled).status_code == 422
    text = operator.get("/metrics").text
    assert 'plumewatch_leads{state="PENDING_VERIFY"} 1.0' in text
    assert 'plumewatch_lead_posts_total{status="201"} 1.0' in text
    assert 'plumewatch_lead_posts_total{status="422"} 1.0' in text
    assert 'plumewatch_verification_failures_total{check="files"} 1.0' in text
    assert 'plumewatch_request_seconds_count{method="POST",route="/v1/leads",status="201"} 1.0' in text


def test_strangers_methods_are_one_series(api: RunningApi, operator: httpx.Client) -> None:
    """Whatever token a caller who is not logged in sends as method, the metrics do not grow with it."""
    with httpx.Client(base_url=api.url) as stranger:
        for number in range(5):
            assert stranger.request(f"A{number}", "/").status_code == 405
            assert stranger.request(f"A{number}", "/nothing/here").status_code == 404
    counts = [line for line in operator.get("/metrics").text.splitlines() if "request_seconds_count" in line]
    strange = [line for line in counts if 'method="A' in line or 'method="other"' in line]
    assert sorted(line.rpartition(" ")[2] for line in strange) == ["5.0", "5.0"]
    assert not any('method="A' in line for line in strange)


def test_the_wall_is_loaded_once_and_never_in_two_versions(api: RunningApi) -> None:
    """The page is asked for anew; what it names is kept for good, packed, under an address of its version alone."""
    with httpx.Client(base_url=api.url) as client:
        page = client.get("/")
        assert page.headers["cache-control"] == "no-cache"
        again = client.get("/", headers={"If-None-Match": page.headers["etag"]})
        assert (again.status_code, again.headers["cache-control"], again.content) == (304, "no-cache", b"")
        main = main_module(client)
        assert main in page.text
        for path in (main, main.replace("js/main.js", "css/wall.css"), main.replace("js/main.js", "vendor/preact.js")):
            kept = client.get(path)
            assert "immutable" in kept.headers["cache-control"]
            assert kept.headers["content-encoding"] == "gzip"
            plain = client.get(path, headers={"Accept-Encoding": "identity"})
            assert "content-encoding" not in plain.headers
            assert plain.content == kept.content
        assert client.get(re.sub(r"/wall/[0-9a-f]+/", "/wall/0123456789abcdef/", main)).status_code == 404


def test_files_change_their_address_with_their_bytes(tmp_path: Path) -> None:
    """One changed byte anywhere gives all files a new address; without its libraries the wall is told incomplete."""
    (tmp_path / "index.html").write_text('<script src="{assets}/a.js"></script>')
    (tmp_path / "a.js").write_text("1")
    (tmp_path / "a.py").write_text("secret = 1")
    before = read_assets(tmp_path)
    assert (set(before.files), before.complete) == ({"a.js"}, False)
    assert before.page.decode() == f'<script src="/wall/{before.version}/a.js"></script>'
    assert read_assets(tmp_path) == before
    (tmp_path / "vendor").mkdir()
    (tmp_path / "vendor" / "b.js").write_text("2")
    after = read_assets(tmp_path)
    assert after.complete
    assert after.version != before.version


def main_module(client: httpx.Client) -> str:
    """Return the address of the wall's first module, as the page names it."""
    named = re.search(r'src="(/wall/[0-9a-f]{16}/js/main\.js)"', client.get("/").text)
    assert named is not None
    return named[1]


def test_the_page_comes_with_a_strict_policy(api: RunningApi) -> None:
    """``GET /`` is the wall; every answer forbids foreign scripts, frames and guessing of types."""
    with httpx.Client(base_url=api.url) as client:
        page = client.get("/")
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        for answer in (page, client.get(main_module(client)), client.get("/v1/leads"), client.get("/healthz")):
            policy = answer.headers["content-security-policy"]
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            allowed = answer.headers["permissions-policy"]
            assert allowed == "camera=(), microphone=(), geolocation=(self)"
        assert client.get(main_module(client).replace("js/main.js", "__init__.py")).status_code == 404
        assert client.get("/wall/../settings.py").status_code == 404

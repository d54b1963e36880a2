"""Sessions: login, one-time password, CSRF, limits."""

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from api.people import auth
from api.people.accounts import create_operator, ensure_first_operator, reset_password, shut_out
from api.store.people import Role
from tests.api.conftest import CSRF, PASSWORD, RunningApi
from tests.api.routes.test_events import open_socket


def log_in(client: httpx.Client, username: str, password: str) -> httpx.Response:
    """Log in."""
    return client.post("/v1/session", json={"username": username, "password": password})


def test_the_one_time_password_only_changes_itself(api: RunningApi) -> None:
    """After the first login everything but the session is 403 until the password has been changed; it is given once."""
    first = ensure_first_operator(api.settings)
    assert first is not None
    assert ensure_first_operator(api.settings) is None
    with httpx.Client(base_url=api.url, headers=CSRF) as client:
        login = log_in(client, first.username, first.password)
        assert login.json() == {"username": "admin", "role": "admin", "password_change_required": True}
        refused = client.get("/v1/leads")
        assert refused.status_code == 403
        assert refused.json()["type"] == "urn:plumewatch:problem:password-change-required"
        change = {"current": first.password, "new": "short"}
        assert client.post("/v1/session/password", json=change).status_code == 422
        assert "short" not in client.post("/v1/session/password", json=change).text
        change["new"] = first.password
        assert client.post("/v1/session/password", json=change).status_code == 422
        assert client.post("/v1/session/password", json=change | {"current": "x"}).status_code == 403
        change["new"] = PASSWORD
        assert client.post("/v1/session/password", json=change).json()["password_change_required"] is False
        assert client.get("/v1/leads").status_code == 200
    with httpx.Client(base_url=api.url) as client:
        assert log_in(client, first.username, first.password).status_code == 401


def test_the_cookie_is_out_of_reach_of_scripts_and_foreign_pages(api: RunningApi, operator: httpx.Client) -> None:
    """HttpOnly and SameSite=Strict; its value is not in the store; after logout it counts no more."""
    with httpx.Client(base_url=api.url, headers=CSRF) as client:
        cookie = log_in(client, "admin", PASSWORD).headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        token = client.cookies["plumewatch_session"]
        database = b"".join(path.read_bytes() for path in api.settings.data_dir.glob("plumewatch.db*"))
        assert token.encode() not in database
        assert PASSWORD.encode() not in database
        assert client.delete("/v1/session").status_code == 204
        assert client.get("/v1/session").status_code == 401
        client.cookies.set("plumewatch_session", token)
        assert client.get("/v1/session").status_code == 401
    assert operator.get("/v1/session").status_code == 200


def test_a_change_needs_the_csrf_header_and_our_origin(api: RunningApi, operator: httpx.Client) -> None:
    """With the cookie alone, or from a foreign page, nothing changes: 403."""
    camera = {"id": "gate-3", "source": "rtsp://10.0.0.1/1"}
    with httpx.Client(base_url=api.url, cookies=operator.cookies) as page:
        bare = page.put("/v1/cameras/gate-3", json=camera)
        assert (bare.status_code, bare.json()["type"]) == (403, "urn:plumewatch:problem:csrf-header-missing")
        for origin in ("http://elsewhere.example", "null"):
            foreign = page.put("/v1/cameras/gate-3", json=camera, headers=CSRF | {"Origin": origin})
            assert (foreign.status_code, foreign.json()["type"]) == (403, "urn:plumewatch:problem:foreign-origin")
        login = page.post(
            "/v1/session", json={"username": "a", "password": "b"}, headers={"Origin": "http://x.example"}
        )
        assert login.status_code == 403
        assert page.get("/v1/cameras").json()["cameras"] == []
        ours = page.put("/v1/cameras/gate-3", json=camera, headers=CSRF | {"Origin": api.url})
        assert ours.status_code == 201


@pytest.mark.usefixtures("operator")
def test_wrong_passwords_are_limited(api: RunningApi) -> None:
    """After five wrong passwords of a name the sixth try waits, even with the right one; other names are free."""
    create_operator(api.settings, "duty", Role.OPERATOR)
    with httpx.Client(base_url=api.url) as client:
        assert [log_in(client, "duty", "wrong").status_code for _ in range(5)] == [401] * 5
        limited = log_in(client, "duty", "wrong")
        assert limited.status_code == 429
        assert 0 < int(limited.headers["retry-after"]) <= 300
        assert log_in(client, "admin", PASSWORD).status_code == 201


@pytest.mark.usefixtures("operator")
def test_a_flood_of_logins_behind_a_proxy_does_not_lock_its_others_out(api: RunningApi) -> None:
    """One address tries many names until it is told to wait, half a minute at most; who logs in there still can."""
    right = {"username": "admin", "password": PASSWORD}
    with httpx.Client(base_url=api.url, headers={"X-Forwarded-For": "198.51.100.7"}) as client:
        assert client.post("/v1/session", json=right).status_code == 201
        answers = [log_in(client, f"name{number}", "wrong") for number in range(51)]
        assert [answer.status_code for answer in answers] == [401] * 50 + [429]
        assert 0 < int(answers[-1].headers["retry-after"]) <= 30
        assert client.post("/v1/session", json=right).status_code == 201


@pytest.mark.parametrize("new", ["Password2026!", "aaaaaaaaaaaa", "abcabcabcabc", "1234567890"])
def test_a_common_password_is_not_taken(operator: httpx.Client, new: str) -> None:
    """422 with a reason that does not repeat it, and the old password still counts."""
    answer = operator.post("/v1/session/password", json={"current": PASSWORD, "new": new})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:plumewatch:problem:weak-password")
    assert new not in answer.text
    assert log_in(operator, "admin", PASSWORD).status_code == 201


@pytest.mark.usefixtures("operator")
def test_an_operator_may_not_change_cameras(api: RunningApi) -> None:
    """The role operator reads and reviews; cameras are for admins: 403. A reset ends his sessions."""
    duty = create_operator(api.settings, "duty", Role.OPERATOR)
    with httpx.Client(base_url=api.url, headers=CSRF) as client:
        log_in(client, "duty", duty.password)
        client.post("/v1/session/password", json={"current": duty.password, "new": PASSWORD})
        assert client.get("/v1/cameras").status_code == 200
        refused = client.put("/v1/cameras/gate-3", json={"id": "gate-3", "source": "file.mp4"})
        assert (refused.status_code, refused.json()["type"]) == (403, "urn:plumewatch:problem:admin-required")
        reset_password(api.settings, "duty")
        assert client.get("/v1/cameras").status_code == 401


def test_a_logout_ends_the_open_sockets(
    api: RunningApi, operator: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A WebSocket does not outlive its session."""
    monkeypatch.setattr(auth.until_logged_out, "__defaults__", (0.05,))
    with open_socket(api, operator, "/v1/events", api.url) as connection:
        assert operator.delete("/v1/session").status_code == 204
        with pytest.raises(ConnectionClosed) as closed:
            connection.recv(timeout=10)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == auth.LOGGED_OUT


@pytest.mark.usefixtures("operator")
def test_an_operator_who_leaves_is_shut_out(api: RunningApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next call with his cookie is 401, his open socket ends, and his password is as good as a wrong one."""
    monkeypatch.setattr(auth.until_logged_out, "__defaults__", (0.05,))
    duty = create_operator(api.settings, "duty", Role.OPERATOR)
    with httpx.Client(base_url=api.url, headers=CSRF) as client:
        log_in(client, "duty", duty.password)
        client.post("/v1/session/password", json={"current": duty.password, "new": PASSWORD})
        assert client.get("/v1/leads").status_code == 200
        with open_socket(api, client, "/v1/events", api.url) as connection:
            assert shut_out(api.settings, "duty") == 1
            assert client.get("/v1/leads").status_code == 401
            with pytest.raises(ConnectionClosed) as closed:
                connection.recv(timeout=10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == auth.LOGGED_OUT
        refused = log_in(client, "duty", PASSWORD)
        assert (refused.status_code, refused.json()) == (401, log_in(client, "nobody", PASSWORD).json())
        assert log_in(client, "admin", PASSWORD).status_code == 201


@pytest.mark.usefixtures("operator")
def test_a_proxy_on_this_machine_says_how_it_was_called(api: RunningApi) -> None:
    """Behind TLS the cookie is Secure, our own pages are https ones, and the one who calls counts, not the proxy."""
    called = {"Host": "centre.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.7"}
    right = {"username": "admin", "password": PASSWORD}
    with httpx.Client(base_url=api.url, headers=CSRF | called) as client:
        page = {"Origin": "https://centre.example"}
        login = client.post("/v1/session", json=right, headers=page)
        assert login.status_code == 201
        assert "secure" in login.headers["set-cookie"].lower()
        foreign = client.post("/v1/session", json=right, headers={"Origin": "http://centre.example"})
        assert foreign.status_code == 403
        wrong = {"username": "admin", "password": "wrong"}
        assert [client.post("/v1/session", json=wrong).status_code for _ in range(6)] == [401] * 5 + [429]
        elsewhere = client.post("/v1/session", json=right, headers={"X-Forwarded-For": "198.51.100.8"})
        assert elsewhere.status_code == 201

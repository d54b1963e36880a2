"""Login limit, on a clock of its own."""

from api.logins import MAX_REMEMBERED, LoginLimit


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def test_nobody_waits_at_first() -> None:
    """A name that never failed may try at once."""
    assert LoginLimit(3, 60, Clock()).wait_s("a", "::1") == 0


def test_a_name_waits_until_its_oldest_failure_is_forgotten() -> None:
    """Three failures close the door for the rest of the window; another name or address is not concerned."""
    clock = Clock()
    limit = LoginLimit(3, 60, clock)
    for _ in range(3):
        limit.failed("a", "::1")
        clock.now += 10
    assert limit.wait_s("a", "::1") == 30
    assert limit.wait_s("b", "::1") == 0
    assert limit.wait_s("a", "::2") == 0
    clock.now += 30
    assert limit.wait_s("a", "::1") == 0


def test_a_login_forgets_the_failures_of_its_name() -> None:
    """After a success the count starts again."""
    limit = LoginLimit(2, 60, Clock())
    limit.failed("a", "::1")
    limit.succeeded("a", "::1")
    limit.failed("a", "::1")
    assert limit.wait_s("a", "::1") == 0


def test_an_address_that_tries_many_names_waits() -> None:
    """Ten times as many failures over any names close the address."""
    limit = LoginLimit(2, 60, Clock())
    for number in range(20):
        assert limit.wait_s(f"name{number}", "::1") == 0
        limit.failed(f"name{number}", "::1")
    assert limit.wait_s("another", "::1") == 60


def test_memory_is_bounded() -> None:
    """However many names are tried, only so many are remembered."""
    limit = LoginLimit(2, 60, Clock())
    for number in range(MAX_REMEMBERED + 100):
        limit.failed("a", f"address{number}")
    assert len(limit._failures) == MAX_REMEMBERED

"""Login limit, on a clock of its own."""

from concurrent.futures import ThreadPoolExecutor

from api.people.logins import MAX_REMEMBERED, LoginLimit


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def test_nobody_waits_at_first() -> None:
    """A name that never failed may try at once."""
    assert LoginLimit(3, 60, Clock()).begin("a", "::1") == 0


def test_a_name_waits_until_its_oldest_failure_is_forgotten() -> None:
    """Three failures close the door for the rest of the window; another name or address is not concerned."""
    clock = Clock()
    limit = LoginLimit(3, 60, clock)
    for _ in range(3):
        assert limit.begin("a", "::1") == 0
        clock.now += 10
    assert limit.begin("a", "::1") == 30
    assert limit.begin("b", "::1") == 0
    assert limit.begin("a", "::2") == 0
    clock.now += 30
    assert limit.begin("a", "::1") == 0
    assert limit.begin("a", "::1") == 10


def test_a_login_forgets_the_failures_of_its_name() -> None:
    """After a success the count starts again."""
    limit = LoginLimit(2, 60, Clock())
    assert limit.begin("a", "::1") == 0
    assert limit.begin("a", "::1") == 0
    limit.succeeded("a", "::1")
    assert limit.begin("a", "::1") == 0
    assert limit.begin("a", "::1") == 0
    assert limit.begin("a", "::1") == 60


def test_of_many_tries_at_once_no_more_are_made_than_one_after_the_other() -> None:
    """A try counts before its password is checked; one that broke off is given back."""
    limit = LoginLimit(5, 60, Clock())
    with ThreadPoolExecutor(16) as pool:
        waits = list(pool.map(lambda _: limit.begin("a", "::1"), range(60)))
    assert waits.count(0) == 5
    limit.withdraw("a", "::1")
    assert limit.begin("a", "::1") == 0
    assert limit.begin("a", "::1") == 60


def test_an_address_that_tries_many_names_waits() -> None:
    """Ten times as many failures over any names close the address, for half a minute and not for the window."""
    clock = Clock()
    limit = LoginLimit(2, 300, clock)
    for number in range(20):
        assert limit.begin(f"name{number}", "::1") == 0
    assert limit.begin("another", "::1") == 30
    clock.now += 30
    assert limit.begin("another", "::1") == 0


def test_a_flood_from_a_shared_address_keeps_nobody_out_who_logs_in_there() -> None:
    """Whoever has logged in from an address before may go on while others flood it; a name has its own limit still."""
    limit = LoginLimit(2, 300, Clock())
    assert limit.begin("duty", "::1") == 0
    limit.succeeded("duty", "::1")
    for number in range(100):
        limit.begin(f"name{number}", "::1")
    assert limit.begin("stranger", "::1") == 30
    assert limit.begin("duty", "::1") == 0
    assert limit.begin("duty", "::1") == 0
    assert limit.begin("duty", "::1") == 300


def test_a_name_that_is_attacked_from_elsewhere_is_free_at_its_own_address() -> None:
    """The limit of a name counts by address: a stranger cannot lock out the officer on duty."""
    limit = LoginLimit(2, 300, Clock())
    for number in range(100):
        limit.begin("duty", f"192.0.2.{number % 7}")
    assert limit.begin("duty", "192.0.2.1") == 300
    assert limit.begin("duty", "::1") == 0


def test_memory_is_bounded() -> None:
    """However many names are tried, only so many are remembered."""
    limit = LoginLimit(2, 60, Clock())
    for number in range(MAX_REMEMBERED + 100):
        limit.begin("a", f"address{number}")
        limit.succeeded("b", f"address{number}")
    assert (len(limit._failures), len(limit._known)) == (MAX_REMEMBERED, MAX_REMEMBERED)

"""Guard: machines that no message goes to."""

import pytest

from api.notify.guard import AddressError, check_host, check_number, is_loopback

MACHINES = ("169.254.169.254", "fe80::1%eth0", "224.0.0.1", "0.0.0.0", "::ffff:169.254.169.254")  # noqa: S104


@pytest.mark.parametrize("number", MACHINES)
def test_machines_that_no_message_goes_to(number: str) -> None:
    """Link-local ones, where clouds keep credentials, and none at all."""
    with pytest.raises(AddressError):
        check_number(number)


def test_a_private_machine_is_one_of_the_sites() -> None:
    """A bureau's own systems are in its own network."""
    check_number("10.0.0.7")
    check_number("fd00::7")
    check_host("127.0.0.1")


def test_a_host_counts_by_its_number() -> None:
    """A number may be written as a host."""
    with pytest.raises(AddressError):
        check_host("169.254.169.254")


@pytest.mark.parametrize(("host", "expected"), [("", False), ("127.0.0.9", True), ("::1", True), ("localhost", True),
                                                ("localhost.example", False), ("10.0.0.7", False)])  # fmt: skip
def test_this_machine_is_known(host: str, expected: bool) -> None:
    """By name or number."""
    assert is_loopback(host) is expected

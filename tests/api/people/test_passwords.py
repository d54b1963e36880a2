"""Passwords that anybody would try first."""

import pytest

from api.people.accounts import _one_time_password
from api.people.passwords import _common, weakness


@pytest.mark.parametrize(
    "password", ["the-officer-on-duty", "烟囱朝北三十二米东南风", "91837465029", "k7#Wq-pl0x", "tbrmvxkwqe"]
)
def test_a_password_of_ones_own_is_taken(password: str) -> None:
    """Sentences, other scripts and drawn characters are no common passwords."""
    assert weakness(password) == ""


def test_a_one_time_password_is_no_common_one() -> None:
    """What the site itself draws is never refused."""
    assert [weakness(_one_time_password()) for _ in range(200)] == [""] * 200


@pytest.mark.parametrize(
    "password",
    ["1q2w3e4r5t", "Password123", "PASSWORD2026!", "!!admin@123!!", "Hikvision#2026", "woaini1314520", "qwertyuiop"],
)
def test_a_common_password_is_refused(password: str) -> None:
    """Large letters do not make one rare, nor do digits and signs around a common word."""
    assert weakness(password).startswith("the new password is a common one")


@pytest.mark.parametrize(
    "password", ["aaaaaaaaaa", "AaAaAaAaAaAa", "1212121212", "abcabcabcabc", "plume-plume-plu", "qqqqwwwwqqqq"]
)
def test_repeated_characters_are_refused(password: str) -> None:
    """One character, a few, or one piece over and over."""
    assert weakness(password) == "the new password repeats a few characters"


@pytest.mark.parametrize("password", ["abcdefghij", "9876543210", "klmnopqrstuv"])
def test_a_run_of_characters_is_refused(password: str) -> None:
    """Up or down the alphabet or the digits."""
    assert weakness(password) == "the new password is a run of characters"


def test_every_listed_password_is_refused() -> None:
    """Each of them as it stands, and there are hundreds."""
    assert len(_common()) > 400
    assert [password for password in _common() if not weakness(password)] == []

"""Entries of the register, as tests have them."""

from datetime import date

from api.contract.register.enterprise import Enterprise, Risk, RiskEntry

USCC = "91110000802100433B"
OTHER = "914403001922038216"
CODES = (USCC, OTHER, "91350100M000100Y43", "91110108551385082Q")
"""Codes whose check character holds (domain.md 6.4)."""


def enterprise(uscc: str = USCC, name: str = "通州某热力有限公司", *risks: tuple[Risk, date]) -> Enterprise:
    """An enterprise, and from which days on which colour held."""
    entries = [RiskEntry(colour=colour, valid_from=day) for colour, day in risks if colour is not Risk.NONE]
    return Enterprise(uscc=uscc, name=name, division="110112", address="北京市通州区某街 1 号", risk=entries)

"""The document of each kind of entry."""

from collections.abc import Mapping
from types import MappingProxyType

from api.contract.register.alert import AlertOrder
from api.contract.register.enterprise import Enterprise
from api.contract.register.entry import Entry, RegisterKind
from api.contract.register.leniency import NoPenaltyItem
from api.contract.register.permit import Permit
from api.contract.register.places import Outlet, Premises
from api.contract.register.plan import Plan
from api.contract.register.staff import Officer, Unit

KINDS: Mapping[RegisterKind, type[Entry]] = MappingProxyType(
    {
        model.kind: model
        for model in (Enterprise, Outlet, Premises, Permit, Officer, Unit, Plan, AlertOrder, NoPenaltyItem)
    }
)
"""What the entries of each kind are."""

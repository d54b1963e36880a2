"""What an attack is: what is done, which checks of ``plumewatch verify`` see it, and whether ``verify.sh`` does."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from api.contract.evidence.manifest import SITE_PROOFS
from api.contract.evidence.package import PROOFS
from api.contract.evidence.report import CheckName
from api.contract.trust.stamp import canonical_json
from tests.api.contract.sample import make_package
from tests.tamper.exhibit import Exhibit

OTHER_LEAD = "L20261123-001008"


@dataclass(frozen=True)
class Attack:
    """
    One attack.

    Attributes:
        kind: heading in the table of docs/evidence.md.

        name: what is done.

        apply: does it.

        seen_by: checks that must fail, at least.

        by_script: whether ``verify.sh`` sees it too; where not, why not stands in `note`.
    """

    kind: str
    name: str
    apply: Callable[[Exhibit], object]
    seen_by: frozenset[CheckName]
    by_script: bool = True
    note: str = ""


class Attacks:
    """The attacks of one module, in order; calling it registers one."""

    def __init__(self) -> None:
        self.all: list[Attack] = []

    def __call__(
        self, kind: str, name: str, *seen_by: CheckName, by_script: bool = True, note: str = ""
    ) -> Callable[[Callable[[Exhibit], object]], Callable[[Exhibit], object]]:
        """Return a decorator that registers what it decorates; see `Attack`."""

        def register(apply: Callable[[Exhibit], object]) -> Callable[[Exhibit], object]:
            self.all.append(Attack(kind, name, apply, frozenset(seen_by), by_script, note))
            return apply

        return register


def edit_manifest(exhibit: Exhibit, **members: object) -> None:
    """Rewrite members of the manifest, in its canonical form."""
    manifest = json.loads(exhibit.read("manifest.json"))
    exhibit.write("manifest.json", canonical_json(manifest | members))


def strip(exhibit: Exhibit, **members: object) -> None:
    """Take all proofs away, and the promise of them, as a node can that seals anew; rewrite members of the manifest."""
    for name in PROOFS & {path.name for path in exhibit.folder.iterdir()}:
        (exhibit.folder / name).unlink()
    manifest = json.loads(exhibit.read("manifest.json"))
    del manifest["site_proofs"]
    exhibit.write("manifest.json", canonical_json(manifest | members))


def edit_proof(exhibit: Exhibit, **members: object) -> None:
    """Rewrite members of the log's proof, in its canonical form."""
    exhibit.write("tlog.json", canonical_json(json.loads(exhibit.read("tlog.json")) | members))


def other(exhibit: Exhibit) -> Exhibit:
    """Another real package of the same site, fully proven."""
    made = make_package(exhibit.folder.parent / "other", exhibit.node, OTHER_LEAD, site_proofs=list(SITE_PROOFS))
    found = replace(exhibit, folder=made.folder)
    found.stamp()
    found.log()
    return found

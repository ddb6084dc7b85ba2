"""What annotations say of checks: which rulesets hold for an agreement, and how strictly.

A ruleset says for itself, in annotations of the type CHECK:

    DATAFLOWS          the dataflows that it holds for, as AGENCY:ID or AGENCY:ID(VERSION), or `*`
                       for all that have its components; of its own agency, or of agencies below it
    EXCEPT_DATAFLOWS   those of them that it does not hold for
    EXCEPT_PROVIDERS   ids of data providers that it does not hold for
    OPTIONAL           of a hierarchical ruleset: parts that count as nothing where they are absent
    AT_LEAST           of a hierarchical ruleset: how many parts must be there (1 if not said)
    TOLERANCE          of a hierarchical ruleset: by how much a total may differ (0 if not said)

An agreement says in its terms (annotations of the type AGREEMENT_TERM):

    CHECKS                   further rulesets, as AGENCY:SCHEME(VERSION).RULESET
    CHECK:<ruleset>          `error`, `warning` or `off` for the whole ruleset
    CHECK:<ruleset>.<rule>   the same for one rule of it
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final

from app.errors import InvalidArtefactError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefact_shape import misshapen
from app.sdmx.artefacts import Artefact
from app.sdmx.checks.rulesets import Ruleset, TotalRuleset, read_ruleset
from app.sdmx.checks.tokens import RuleError
from app.sdmx.flow import Flow
from app.sdmx.structures import ProvisionAgreement
from app.sdmx.urn import parse_urn, urn_of

CHECK: Final = "CHECK"
"""Type of the annotations of a ruleset."""

EVERY: Final = "*"
LEVELS: Final = ("error", "warning", "off")
_LISTS: Final = frozenset({"DATAFLOWS", "EXCEPT_DATAFLOWS", "EXCEPT_PROVIDERS", "OPTIONAL"})
_NUMBERS: Final = frozenset({"AT_LEAST", "TOLERANCE"})
_OF_TOTALS: Final = frozenset({"OPTIONAL", "AT_LEAST", "TOLERANCE"})


@dataclass(frozen=True, slots=True)
class Scope:
    """A ruleset of a scheme, with what its annotations say.

    Attributes:
        id: `AGENCY:SCHEME(VERSION).RULESET`.
        path: where its definition stands in the artefact.
        is_check: whether it has annotations of checks at all.
    """

    id: str
    agency: str
    path: str
    ruleset_id: str
    definition: str
    lists: Mapping[str, tuple[str, ...]]
    at_least: int
    tolerance: Decimal
    is_check: bool

    @property
    def dataflows(self) -> tuple[str, ...]:
        """The dataflows that it names."""
        return self.lists.get("DATAFLOWS", ())

    @property
    def optional(self) -> frozenset[str]:
        """Parts that need not be there."""
        return frozenset(self.lists.get("OPTIONAL", ()))

    def holds_for(self, flow: Flow, provider: str) -> bool:
        """Whether it says of itself that it holds for what a provider sends to a dataflow."""
        urn = parse_urn(flow.urn)
        if urn.agency != self.agency and not urn.agency.startswith(f"{self.agency}."):
            return False
        if provider in self.lists.get("EXCEPT_PROVIDERS", ()):
            return False
        names = {EVERY, f"{urn.agency}:{urn.id}", flow.short_urn}
        return not names.isdisjoint(self.dataflows) and names.isdisjoint(
            self.lists.get("EXCEPT_DATAFLOWS", ())
        )

    def read(self) -> Ruleset:
        """The rules of the definition.

        Raises:
            RuleError: the definition is not of the grammar.
        """
        return _read(self.definition)


_read = lru_cache(maxsize=512)(read_ruleset)


def scopes_of(artefact: Artefact) -> Iterator[Scope]:
    """The rulesets of a scheme.

    Raises:
        InvalidArtefactError: an annotation of a check is not known, or not what it should be.
    """
    for place, item in enumerate(artefact.document.get("rulesets", ())):
        path = f"/rulesets/{place}"
        lists: dict[str, tuple[str, ...]] = {}
        numbers = {"AT_LEAST": Decimal(1), "TOLERANCE": Decimal(0)}
        is_check = False
        for number, annotation in enumerate(item.get("annotations", ())):
            if annotation.get("type") != CHECK:
                continue
            is_check = True
            name, value = annotation.get("id"), str(annotation.get("value", ""))
            where = f"{path}/annotations/{number}"
            if name in _LISTS:
                lists[name] = tuple(value.replace(",", " ").split())
            elif name in _NUMBERS:
                numbers[name] = _number(artefact, where, value)
            else:
                listed = ", ".join(sorted(_LISTS | _NUMBERS))
                raise misshapen(
                    artefact,
                    f"{name!r} is no annotation of a check; there are {listed}",
                    f"{name!r} no es una anotación de un control; hay {listed}",
                    where,
                )
        yield Scope(
            f"{artefact.agency}:{artefact.id}({artefact.version}).{item['id']}",
            artefact.agency,
            f"{path}/rulesetDefinition",
            item["id"],
            str(item.get("rulesetDefinition", "")),
            lists,
            int(numbers["AT_LEAST"]),
            numbers["TOLERANCE"],
            is_check,
        )


def _number(artefact: Artefact, path: str, value: str) -> Decimal:
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal(-1)
    if not number.is_finite() or number < 0:
        raise misshapen(
            artefact,
            f"{value!r} is no number of 0 or more",
            f"{value!r} no es un número de 0 o más",
            path,
        )
    return number


def check_rulesets(artefact: Artefact) -> None:
    """Check the rulesets of a scheme that say of themselves that they are checks.

    Others are kept as they came: VTL has more than is evaluated here.

    Raises:
        InvalidArtefactError: with the path, and the row and column in the definition.
    """
    for scope in scopes_of(artefact):
        if scope.is_check:
            ruleset = read_scope(artefact, scope)
            _refuse_misplaced(artefact, scope, ruleset)


def read_scope(artefact: Artefact, scope: Scope) -> Ruleset:
    """The rules of a ruleset of a scheme.

    Raises:
        InvalidArtefactError: with the path, and the row and column in the definition.
    """
    try:
        ruleset = scope.read()
    except RuleError as error:
        raise misshapen(artefact, error.en, error.es, scope.path) from None
    if ruleset.name != scope.ruleset_id:
        raise misshapen(
            artefact,
            f"the definition is of {ruleset.name!r}, not of {scope.ruleset_id!r}",
            f"la definición es de {ruleset.name!r}, no de {scope.ruleset_id!r}",
            scope.path,
        )
    return ruleset


def _refuse_misplaced(artefact: Artefact, scope: Scope, ruleset: Ruleset) -> None:
    item = next(i for i in artefact.document["rulesets"] if i["id"] == scope.ruleset_id)
    wanted = "hierarchical" if isinstance(ruleset, TotalRuleset) else "datapoint"
    if item.get("rulesetType") != wanted:
        path = scope.path.replace("rulesetDefinition", "rulesetType")
        raise misshapen(artefact, f"it must be {wanted}", f"debe ser {wanted}", path)
    said = {a.get("id") for a in item.get("annotations", ()) if a.get("type") == CHECK}
    if wanted == "datapoint" and said & _OF_TOTALS:
        names = ", ".join(sorted(said & _OF_TOTALS))
        raise misshapen(
            artefact,
            f"{names} is said of hierarchical rulesets only",
            f"{names} solo se dice de conjuntos jerárquicos",
            scope.path,
        )


def scopes_in_force(artefacts: ArtefactSet) -> Iterator[Scope]:
    """The checks of the latest version of each scheme; a stable one where there is any."""
    for versions in artefacts.versions():
        listed = sorted(versions.values(), key=lambda artefact: artefact.version)
        if not listed or listed[0].artefact_class.name != "RulesetScheme":
            continue
        latest = next((one for one in reversed(listed) if one.stable), listed[-1])
        if not latest.is_external:
            yield from (scope for scope in scopes_of(latest) if scope.is_check)


def named_scope(artefacts: ArtefactSet, reference: str) -> tuple[Artefact, Scope] | None:
    """The ruleset that an agreement names, `AGENCY:SCHEME(VERSION).RULESET`."""
    scheme, _, name = reference.rpartition(").")
    try:
        agency, _, rest = scheme.partition(":")
        resource, _, version = rest.partition("(")
        artefact = artefacts.resolve(urn_of("RulesetScheme", agency, resource, version))
    except InvalidArtefactError:
        return None
    if artefact is None or artefact.is_external:
        return None
    found = next((scope for scope in scopes_of(artefact) if scope.ruleset_id == name), None)
    return None if found is None else (artefact, found)


def named_by(agreement: ProvisionAgreement) -> tuple[str, ...]:
    """The rulesets that an agreement names beside those that hold of themselves."""
    return tuple(agreement.terms.get("CHECKS", "").split())


def levels_of(agreement: ProvisionAgreement) -> dict[str, str]:
    """How strict an agreement wants rulesets and rules, by `RULESET` or `RULESET.RULE`."""
    prefix = "CHECK:"
    return {
        name.removeprefix(prefix): value
        for name, value in agreement.terms.items()
        if name.startswith(prefix)
    }

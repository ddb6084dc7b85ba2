"""The checks that hold for what a provider sends under an agreement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefact_shape import misshapen
from app.sdmx.artefacts import Artefact
from app.sdmx.checks.expressions import Call, Name
from app.sdmx.checks.expressions import Literal as Constant
from app.sdmx.checks.kinds import check_truth
from app.sdmx.checks.operators import DIFFERS_FROM_FLOW
from app.sdmx.checks.rulesets import PointRule, PointRuleset, Ruleset, Severity, TotalRuleset
from app.sdmx.checks.series_checks import BoundRule, SeriesChecks
from app.sdmx.checks.terms import (
    EVERY,
    LEVELS,
    Scope,
    levels_of,
    named_by,
    named_scope,
    read_scope,
    scopes_in_force,
    scopes_of,
)
from app.sdmx.checks.tokens import RuleError
from app.sdmx.checks.totals import BoundTotal, TotalChecks
from app.sdmx.checks.vectors import VectorCheck
from app.sdmx.flow import Flow, resolve_flow
from app.sdmx.structures import Dataflow, ProvisionAgreement, decode


@dataclass(frozen=True, slots=True)
class Checks:
    """All checks of one agreement.

    Attributes:
        series: rules on single series.
        totals: rules on the series of one total, one entry a ruleset.
        vectors: rules that compare with another dataflow of the same provider.
    """

    series: SeriesChecks | None = None
    totals: tuple[TotalChecks, ...] = ()
    vectors: tuple[VectorCheck, ...] = ()

    def __bool__(self) -> bool:
        return self.series is not None or bool(self.totals or self.vectors)


NO_CHECKS = Checks()


def checks_of(artefacts: ArtefactSet, agreement_urn: str, flow: Flow) -> Checks:
    """The checks of an agreement; a ruleset that does not suit its dataflow is left out.

    What is published is held to the grammar and to the dataflows that it names; what was stored
    by older rules, or is for all dataflows, must not stop anybody from sending.
    """
    artefact = artefacts.get(agreement_urn)
    if artefact is None:
        return NO_CHECKS
    agreement = decode(artefact, ProvisionAgreement)
    named = [found for ref in named_by(agreement) if (found := named_scope(artefacts, ref))]
    scopes = [scope for _, scope in named]
    scopes += [s for s in scopes_in_force(artefacts) if s.holds_for(flow, agreement.provider_id)]
    bound = _Bound(flow, levels_of(agreement))
    for scope in {scope.id: scope for scope in scopes}.values():
        try:
            ruleset = scope.read()
            check_fit(ruleset, flow)
        except RuleError:
            continue
        bound.take(scope, ruleset)
    return bound.checks


class _Bound:
    """Collects the rules of an agreement."""

    def __init__(self, flow: Flow, levels: Mapping[str, str]) -> None:
        self._flow = flow
        self._levels = levels
        self._points: list[BoundRule] = []
        self._totals: list[TotalChecks] = []
        self._vectors: list[VectorCheck] = []

    def take(self, scope: Scope, ruleset: Ruleset) -> None:
        """Take the rules of a ruleset that the agreement does not switch off."""
        if isinstance(ruleset, TotalRuleset):
            rules = tuple(
                BoundTotal(f"{scope.id}.{rule.name}", rule, severity)
                for rule in ruleset.rules
                if (severity := self._severity(scope, rule.name, rule.severity))
            )
            if rules:
                position = self._flow.position[ruleset.component]
                self._totals.append(TotalChecks(self._flow, position, rules, scope))
            return
        for point in ruleset.rules:
            chosen = self._severity(scope, point.name, point.severity)
            if chosen is None:
                continue
            name = f"{scope.id}.{point.name}"
            if isinstance(point.then, Call) and point.then.function == DIFFERS_FROM_FLOW:
                self._vectors.append(_vector(name, point, chosen))
            else:
                self._points.append(BoundRule(name, point, chosen))

    def _severity(self, scope: Scope, rule: str, said: Severity) -> Severity | None:
        level = self._levels.get(f"{scope.ruleset_id}.{rule}") or self._levels.get(scope.ruleset_id)
        if level == "off":
            return None
        if level in ("error", "warning"):
            return "error" if level == "error" else "warning"
        return said

    @property
    def checks(self) -> Checks:
        """What was taken."""
        points = SeriesChecks(self._flow, self._points) if self._points else None
        return Checks(points, tuple(self._totals), tuple(self._vectors))


def _vector(name: str, rule: PointRule, severity: Severity) -> VectorCheck:
    assert isinstance(rule.then, Call)  # noqa: S101 - asked by the caller
    measure, flow, along, same, least = rule.then.arguments
    values: list[Any] = [
        one.id if isinstance(one, Name) else one.value if isinstance(one, Constant) else None
        for one in (measure, flow, along, same, least)
    ]
    return VectorCheck(
        name,
        rule.code,
        severity,
        rule.when,
        values[0],
        values[1],
        values[2],
        tuple(values[3].replace(",", " ").split()),
        int(values[4]),
    )


def check_fit(ruleset: Ruleset, flow: Flow) -> None:
    """Check that a dataflow has the components of a ruleset, each of the kind that is needed.

    Raises:
        RuleError: with the row and column of what does not fit.
    """
    for token in ruleset.signature:
        if token.text not in flow.components:
            raise RuleError(
                token,
                f"{flow.short_urn} has no component {token.text!r}",
                f"{flow.short_urn} no tiene el componente {token.text!r}",
            )
    if isinstance(ruleset, PointRuleset):
        for rule in ruleset.rules:
            if rule.when is not None:
                check_truth(rule.when, flow)
            check_truth(rule.then, flow)
        return
    for token in ruleset.signature:
        if token.text not in flow.position:
            raise RuleError(
                token, f"{token.text} is no dimension", f"{token.text} no es una dimensión"
            )
    dimension = flow.components[ruleset.component]
    for total in ruleset.rules:
        if total.when is not None:
            check_truth(total.when, flow)
        for token in total.tokens:
            if dimension.codes is not None and token.text not in dimension.codes:
                raise RuleError(
                    token,
                    f"{dimension.id} has no code {token.text!r}",
                    f"{dimension.id} no tiene el código {token.text!r}",
                )


def check_bound_rulesets(artefact: Artefact, after: ArtefactSet) -> None:
    """Check that rulesets suit the dataflows that they name.

    Raises:
        InvalidArtefactError: with the path, and the row and column in the definition.
    """
    for scope in scopes_of(artefact):
        if not scope.is_check:
            continue
        ruleset = read_scope(artefact, scope)
        for name in scope.dataflows:
            for flow in () if name == EVERY else _flows(name, artefact, scope, after):
                try:
                    check_fit(ruleset, flow)
                except RuleError as error:
                    raise misshapen(artefact, error.en, error.es, scope.path) from None


def _flows(name: str, artefact: Artefact, scope: Scope, after: ArtefactSet) -> Iterator[Flow]:
    """The versions of a dataflow that a ruleset names, as far as they are held in whole."""
    agency = name.partition(":")[0]
    found = [
        one
        for one in after.of_class("Dataflow")
        if name in (f"{one.agency}:{one.id}", f"{one.agency}:{one.id}({one.version})")
    ]
    path = scope.path.replace("rulesetDefinition", "annotations")
    if not found:
        raise misshapen(artefact, f"there is no {name}", f"no existe {name}", path)
    if agency != artefact.agency and not agency.startswith(f"{artefact.agency}."):
        raise misshapen(
            artefact,
            f"{name} is of another agency; its agreements can name this ruleset (CHECKS)",
            f"{name} es de otra agencia; sus convenios pueden nombrar este conjunto (CHECKS)",
            path,
        )
    for one in found:
        if not one.is_external:
            structure = after.resolve(decode(one, Dataflow).structure)
            if structure is not None and not structure.is_external:
                yield resolve_flow(after, one.urn)


def check_terms(artefact: Artefact, after: ArtefactSet) -> None:
    """Check what an agreement says of checks.

    Raises:
        InvalidArtefactError: a ruleset is not there or does not suit, or a level is not known.
    """
    agreement = decode(artefact, ProvisionAgreement)
    for name, level in levels_of(agreement).items():
        if level not in LEVELS:
            listed = ", ".join(LEVELS)
            raise misshapen(
                artefact,
                f"CHECK:{name} is {level!r}; it can be {listed}",
                f"CHECK:{name} es {level!r}; puede ser {listed}",
                "/annotations",
            )
    for reference in named_by(agreement):
        found = named_scope(after, reference)
        if found is None:
            raise misshapen(
                artefact,
                f"there is no ruleset {reference}",
                f"no existe el conjunto de reglas {reference}",
                "/annotations",
            )
        scheme, scope = found
        ruleset = read_scope(scheme, scope)
        dataflow = after.resolve(agreement.dataflow)
        if dataflow is None or dataflow.is_external:
            continue
        try:
            check_fit(ruleset, resolve_flow(after, dataflow.urn))
        except RuleError as error:
            raise misshapen(
                artefact, f"{reference}: {error.en}", f"{reference}: {error.es}", "/annotations"
            ) from None

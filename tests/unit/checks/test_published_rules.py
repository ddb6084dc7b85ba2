"""The shared rules: read, bound to agreements, and the operators as they are published."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.checks.binding import check_bound_rulesets, checks_of
from app.sdmx.checks.operators import OPERATORS
from app.sdmx.checks.terms import check_rulesets, scopes_of
from app.sdmx.flow import resolve_flow
from app.sdmx.structures import ProvisionAgreement, decode
from app.services.publish_structures import read_structure_files

CODELISTS = Path(__file__).parents[3] / "codelists"


@pytest.fixture(scope="module")
def artefacts() -> ArtefactSet:
    return ArtefactSet(read_structure_files([CODELISTS]))


def test_the_rules_are_read_and_suit_the_dataflows_that_they_name(artefacts: ArtefactSet) -> None:
    [scheme] = artefacts.of_class("RulesetScheme")
    check_rulesets(scheme)
    check_bound_rulesets(scheme, artefacts)
    assert all(scope.is_check and scope.dataflows for scope in scopes_of(scheme))


def test_the_operators_are_published_as_they_are_evaluated() -> None:
    [file] = (CODELISTS / "userdefinedoperatorscheme").glob("*.json")
    [scheme] = json.loads(file.read_text("utf-8"))["data"]["userDefinedOperatorSchemes"]
    published = {}
    for operator in scheme["userDefinedOperators"]:
        match = re.match(r"define operator (\w+) \(([^)]*)\)", operator["operatorDefinition"])
        assert match is not None
        assert match[1] == operator["id"]
        published[match[1]] = tuple(part.split()[0] for part in match[2].split(","))
    assert published == {name: one.parameters for name, one in OPERATORS.items()}


def rules_of(artefacts: ArtefactSet, agreement: str) -> set[str]:
    [artefact] = [one for one in artefacts.of_class("ProvisionAgreement") if one.id == agreement]
    dataflow = decode(artefact, ProvisionAgreement).dataflow
    flow = resolve_flow(artefacts, dataflow, artefact.urn)
    found = checks_of(artefacts, artefact.urn, flow)
    ids = [bound.id for totals in found.totals for bound in totals.rules]
    ids += [vector.id for vector in found.vectors]
    ids += [bound.id for bound in (found.series.rules if found.series else ())]
    return {id.partition(").")[2].partition(".")[0] for id in ids}


@pytest.mark.parametrize(
    ("agreement", "has", "lacks"),
    [
        (
            "PA_ENTRY_EXIT_CRI_DGME",
            {"HR_SEX", "HR_AGE", "HR_TRANSPORT_MODE", "DPR_COUNT_NET", "DPR_HISTORY"},
            {"DPR_SMALL", "DPR_COUNT", "DPR_IRREGULAR_AS_REGULAR", "DPR_DISPLACED"},
        ),
        (
            "PA_IRREGULAR_HND_INM",
            {"DPR_SMALL", "DPR_COUNT", "DPR_HISTORY", "DPR_IRREGULAR_AS_REGULAR"},
            {"HR_TRANSPORT_MODE", "DPR_COUNT_NET", "DPR_REGULAR_AS_IRREGULAR"},
        ),
        ("PA_IRREGULAR_INT_IOM", {"DPR_HISTORY", "DPR_STATUS"}, {"DPR_SMALL"}),
        ("PA_DISPLACEMENT_INT_UNHCR", {"DPR_DISPLACED", "DPR_PERIOD"}, {"DPR_HISTORY"}),
    ],
)
def test_what_holds_for_an_agreement(
    artefacts: ArtefactSet, agreement: str, has: set[str], lacks: set[str]
) -> None:
    found = rules_of(artefacts, agreement)
    assert has <= found
    assert not lacks & found

"""What goes along with a provider: an empty registry takes it, and its terms say the same there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.sdmx.agreements import AgreementTerms, agreement_terms
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.provider_family import ProviderFamily, provider_family
from app.sdmx.registry_changes import plan_changes
from app.services.publish_structures import read_structure_files
from tests.agreements.desk import SHARED, structures, terms_set
from tests.artefact_samples import artefact, urn
from tests.structures import CRI, SLV

MINE = [urn("ProvisionAgreement", f"PA_{name}") for name in ("CELL", "SUM")]


def registry(*more: Artefact) -> ArtefactSet:
    return ArtefactSet([*structures(), *more])


def taken(artefacts: ArtefactSet, agreements: Iterable[str] = MINE) -> ProviderFamily:
    """What goes along with CRI_STAT; that an empty registry takes it is seen each time."""
    found = provider_family(artefacts, CRI, list(agreements), ())
    plan_changes(ArtefactSet(()), [*found.structures, *found.metadata_sets])
    return found


def sets(found: ProviderFamily) -> set[str]:
    return {f"{one.id}({one.version})" for one in found.metadata_sets}


def acting(artefacts: Iterable[Artefact]) -> dict[str, AgreementTerms]:
    return {one.urn: one for one in agreement_terms(ArtefactSet(artefacts))}


def report(name: str, target: str, **kept: Any) -> Artefact:
    """A quality report."""
    attributes = [{"id": "COMMENT_DSET", "value": {"en": "All"}}]
    held = kept or {"metadataflow": urn("Metadataflow", "MDF_QUALITY")}
    return artefact("MetadataSet", name, targets=[target], attributes=attributes, **held)


def test_terms_in_all_versions_and_what_they_rest_on_act_as_before() -> None:
    found = taken(
        here := registry(
            terms_set("CELL", MINIMUM_CELL=5),
            terms_set("CELL", "1.1.0", MINIMUM_CELL=5, READERS="OCAM"),
            terms_set("CELL", "1.2.0-draft", MINIMUM_CELL=0),
            terms_set("SUM", MINIMUM_CELL=5),
            terms_set("READ", READERS="OCAM"),
        )
    )
    assert sets(found) == {
        *("TERMS_CELL(1.0.0)", "TERMS_CELL(1.1.0)", "TERMS_CELL(1.2.0-draft)", "TERMS_SUM(1.0.0)")
    }
    there, before = acting([*found.structures, *found.metadata_sets]), acting(here)
    assert {urn: there[urn] for urn in MINE} == {urn: before[urn] for urn in MINE}
    cell, added = (there[one] for one in MINE)
    assert cell.rooms.minimum_cell == 5
    assert cell.readers == ("OCAM",)
    assert added.rooms.sums  # the ruleset that adds up names its dataflow in an annotation only


def test_reports_are_those_about_its_agreements_and_its_own() -> None:
    dataflow, quality = urn("Dataflow", "DF_CELL"), urn("Metadataflow", "MDF_QUALITY")
    contracts = [
        artefact(
            "MetadataProvisionAgreement",
            f"MPA_{name}",
            metadataflow=quality,
            metadataProvider=urn("MetadataProvider", "METADATA_PROVIDERS", name, version="1.0"),
            targets=[dataflow, MINE[0]],
        )
        for name in (CRI, SLV)
    ]

    def told(name: str, provider: str, target: str) -> Artefact:
        held = report(
            name,
            target,
            metadataProvisionAgreement=urn("MetadataProvisionAgreement", f"MPA_{provider}"),
        )
        document = held.document | {"agencyID": f"TST.{provider}"}
        return Artefact.read(held.artefact_class, document)

    found = taken(
        registry(
            *contracts,
            report("OF_AGREEMENT", MINE[0]),
            report("OF_DATAFLOW", dataflow),
            report("OF_OTHERS", urn("ProvisionAgreement", "PA_THEIRS")),
            told("MY_VIEW", CRI, dataflow),
            told("THEIR_VIEW", SLV, dataflow),
            told("THEIR_VIEW_OF_ME", SLV, MINE[0]),
        )
    )
    assert {one.id for one in found.metadata_sets} == {
        *("OF_AGREEMENT", "OF_DATAFLOW", "MY_VIEW", "THEIR_VIEW_OF_ME")
    }
    assert not any(one.urn.endswith("PA_THEIRS(1.0.0)") for one in found.structures)


def test_an_earlier_version_that_nobody_would_take_now_does_not_stop_the_others() -> None:
    """The terms of PA_SUM went from one set to another."""
    found = taken(
        registry(
            terms_set("CELL", MINIMUM_CELL=5, targets=MINE),
            terms_set("CELL", "1.1.0", MINIMUM_CELL=5),
            terms_set("SUM", MINIMUM_CELL=7),
        )
    )
    assert sets(found) == {"TERMS_CELL(1.1.0)", "TERMS_SUM(1.0.0)"}


def test_terms_of_an_agreement_that_comes_along_with_another_come_too() -> None:
    """Under a contract that names the agreements of two, the other would come without its terms."""
    theirs = urn("ProvisionAgreement", "PA_THEIRS")
    contract = artefact(
        "MetadataProvisionAgreement",
        "MPA_BOTH",
        metadataflow=urn("Metadataflow", "MDF_TERMS"),
        metadataProvider=urn("MetadataProvider", "METADATA_PROVIDERS", CRI, version="1.0"),
        targets=[MINE[0], theirs],
    )
    found = taken(
        registry(
            contract,
            terms_set("CELL", agency=f"TST.{CRI}", MINIMUM_CELL=5, bound=contract.urn),
            terms_set("THEIRS", MINIMUM_CELL=9),
        )
    )
    assert sets(found) == {"TERMS_CELL(1.0.0)", "TERMS_THEIRS(1.0.0)"}
    assert acting([*found.structures, *found.metadata_sets])[theirs].rooms.minimum_cell == 9


def test_mirror_pairs_that_an_agency_changed_come_with_both_their_dataflows() -> None:
    shared = read_structure_files([SHARED])
    pair = next(one for one in shared if one.id == "MS_BALANCE")
    changed = Artefact.read(pair.artefact_class, pair.document | {"version": "1.1.0"})
    artefacts = ArtefactSet([*shared, changed])
    provider = "CRI_DGME"
    agreements = [one.urn for one in agreement_terms(artefacts) if one.provider == provider]
    found = provider_family(artefacts, provider, agreements, ())
    assert {"MS_BALANCE(1.0.0)", "MS_BALANCE(1.1.0)"} <= sets(found)
    after = plan_changes(ArtefactSet(()), [*found.structures, *found.metadata_sets]).after
    assert {one.provider for one in agreement_terms(after)} == {provider}

"""The rules of maintenance by themselves: versions, parts, deletions, who is refused and why."""

from __future__ import annotations

import datetime as dt
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import (
    ConflictError,
    InvalidArtefactError,
    NotAuthorisedError,
    NotFoundError,
    QuerySyntaxError,
)
from app.sdmx.artefact_classes import ARTEFACT_TYPES
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.item_schemes import item_paths, items_of, walk_items
from app.sdmx.maintenance import (
    Effect,
    StoredAgreement,
    StoredFacts,
    plan_deletion,
    plan_submission,
)
from app.sdmx.maintenance_query import parse_collection, parse_target
from app.sdmx.maintenance_updates import add_listed, apply_partial, delete_item
from app.sdmx.maintenance_versions import Level, check_version_rule, needed_level
from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.messages.structure_writers import shows_any, write_structure_message
from app.sdmx.offers import STRUCTURE_OFFERS, V1_STRUCTURE_OFFERS
from app.sdmx.rest_v2 import parse_structure
from app.sdmx.structure_answer import answer_structure_query
from tests.artefact_samples import (
    artefact,
    codelist,
    component,
    data_structure,
    every_class,
    item,
    network,
    urn,
)

HEADER = MessageHeader("M", dt.datetime(2026, 1, 1, tzinfo=dt.UTC))

CODES = st.lists(st.sampled_from("ABCDEFGH"), unique=True, max_size=8)


def anyone(agency: str) -> bool:
    return True


def ids(scheme: Artefact) -> list[str]:
    return [one["id"] for one in items_of(scheme)]


class TestVersions:
    def with_dimension(self, **parts: Any) -> Artefact:
        structure = data_structure(version="1.1.0", **parts)
        components = structure.document["dataStructureComponents"]
        listed = components["dimensionList"]
        more = listed | {"dimensions": [*listed["dimensions"], component("MORE")]}
        return structure.with_document(
            structure.document | {"dataStructureComponents": components | {"dimensionList": more}}
        )

    @pytest.mark.parametrize(
        ("new", "level"),
        [
            (codelist("CL", "A", item("B", parent="A"), "C"), Level.MINOR),
            (codelist("CL", "A"), Level.MAJOR),
            (codelist("CL", item("B", parent="A"), "A"), Level.PATCH),
            (codelist("CL", "A", "B"), Level.MAJOR),
            (codelist("CL", {"id": "A", "name": "x"}, item("B", parent="A")), Level.PATCH),
            (codelist("CL", item("A", annotations=[]), item("B", parent="A")), Level.PATCH),
            (codelist("CL", "A", item("B", parent="A"), validFrom="2026"), Level.PATCH),
        ],
    )
    def test_c165_codes(self, new: Artefact, level: Level) -> None:
        old = codelist("CL", "A", item("B", parent="A"))
        assert needed_level(old, new)[0] is level

    def test_c165_an_item_may_be_called_like_a_text(self) -> None:
        assert needed_level(codelist("CL", "name"), codelist("CL", "A"))[0] is Level.MAJOR

    def test_c165_references(self) -> None:
        old = artefact("Dataflow", "DF", structure=urn("DataStructure", "DSD"))
        new = artefact("Dataflow", "DF", structure=urn("DataStructure", "DSD", version="1.0.1"))
        assert needed_level(old, new) == (Level.MAJOR, "/structure")

    def test_c165_references_in_a_list_are_a_set(self) -> None:
        def attached(*names: str) -> Artefact:
            flows = [urn("Dataflow", name) for name in names]
            return artefact("DataConstraint", "CC", constraintAttachment={"dataflows": flows})

        assert needed_level(attached("A", "B"), attached("B", "A"))[0] is Level.PATCH
        assert needed_level(attached("A", "B"), attached("C", "A", "B"))[0] is Level.MINOR
        assert needed_level(attached("A", "B"), attached("A", "C"))[0] is Level.MAJOR

    def test_c165_mappings_go_by_what_they_lead_from(self) -> None:
        def table(*, first: bool = False, **targets: str) -> Artefact:
            mappings = [
                {"sourceValues": [{"value": value}], "targetValues": [target]}
                for value, target in targets.items()
            ]
            rest = {"sourceValues": [{"value": "(.+)", "isRegEx": True}]}
            sides = {"source": [{"dataType": "String"}], "target": [{"dataType": "String"}]}
            ordered = [rest, *mappings] if first else [*mappings, rest]
            listed = {"representationMappings": ordered, **sides}
            return artefact("RepresentationMap", "RM", **listed)

        old = table(A="1", B="2")
        assert needed_level(old, table(B="2", A="1"))[0] is Level.PATCH
        assert needed_level(old, table(C="3", A="1", B="2"))[0] is Level.MINOR
        assert needed_level(old, table(A="1", B="3"))[0] is Level.MAJOR
        assert needed_level(old, table(A="1"))[0] is Level.MAJOR
        # The pattern takes what stood before it.
        assert needed_level(old, table(A="1", B="2", first=True))[0] is Level.MAJOR

    def test_c165_a_new_dimension_is_major_unless_the_structure_is_evolving(self) -> None:
        old = data_structure()
        assert needed_level(old, self.with_dimension())[0] is Level.MAJOR
        evolving = data_structure(evolvingStructure=True)
        new = self.with_dimension(evolvingStructure=True)
        assert needed_level(evolving, new)[0] is Level.MINOR

    def test_c165_the_nearest_lower_stable_version_is_the_base(self) -> None:
        stored = [
            codelist("CL", "A", "B"),
            codelist("CL", "A", "B", "C", version="1.1.0"),
            codelist("CL", "A", version="2.0.0"),
            codelist("CL", "Z", version="1.2.0-draft"),
            codelist("CL", version="1.1.5", isExternalReference=True),
        ]
        check_version_rule(codelist("CL", "A", "B", version="1.0.1"), stored)
        check_version_rule(codelist("CL", "A", "B", "C", "D", version="1.2.0"), stored)
        check_version_rule(codelist("CL", "Q", version="0.9.0"), stored)
        check_version_rule(codelist("CL", "Q", version="2.0.0-draft"), stored)
        for version, codes in (("1.1.9", "ABCD"), ("1.9.0", "AB"), ("2.0.1", "AB")):
            with pytest.raises(ConflictError):
                check_version_rule(codelist("CL", *codes, version=version), stored)


class TestParts:
    @given(CODES, CODES)
    def test_c168_a_part_loses_nothing_and_keeps_places(
        self, held: list[str], listed: list[str]
    ) -> None:
        stored = codelist("CL", *held, version="1.0")
        new = [item(one, name="new") for one in listed]
        merged = apply_partial(stored, codelist("CL", *new, version="1.0", isPartial=True))
        names = ids(merged)
        assert sorted(names) == sorted({*held, *listed})
        assert [one for one in names if one in held] == held
        assert {one["id"] for one in items_of(merged) if one["name"] == "new"} == set(listed)
        assert "isPartial" not in merged.document

    @given(CODES)
    def test_c168_the_same_part_twice_is_as_once(self, listed: list[str]) -> None:
        stored = codelist("CL", "A", "Z", version="1.0")
        part = codelist("CL", *listed, version="1.0", isPartial=True)
        once = apply_partial(stored, part)
        assert apply_partial(once, part) == once

    def test_c168_a_text_without_a_language_is_that_of_the_name_shown(self) -> None:
        part = codelist("CL", version="1.0", isPartial=True)
        part.document.pop("names")
        part.document["name"] = "Better"
        merged = apply_partial(codelist("CL", "A", version="1.0"), part)
        assert merged.document["name"] == "Better"
        assert merged.document["names"] == {"en": "Better", "es": "CL en español"}

    @given(st.dictionaries(st.sampled_from(["en", "es", "fr", "nl"]), st.text(min_size=1)))
    def test_c170_languages_that_are_not_given_stay(self, names: dict[str, str]) -> None:
        stored = codelist("CL", item("A", annotations=[{"id": "N", "texts": {"en": "n"}}]))
        given = {"id": "A", "names": names, "annotations": [{"id": "N", "texts": names}]}
        part = codelist("CL", given, isPartialLanguage=True)
        merged = apply_partial(stored, part)
        [code] = items_of(merged)
        assert code["names"] == item("A")["names"] | names
        assert code["annotations"] == [{"id": "N", "texts": {"en": "n"} | names}]
        assert code["name"] == code["names"]["en"]

    def test_c170_what_is_no_text_does_not_change(self) -> None:
        stored = data_structure(version="1.0")
        part = artefact(
            "DataStructure",
            "DSD",
            "1.0",
            names={"fr": "Structure"},
            isPartialLanguage=True,
            dataStructureComponents={"dimensionList": {"id": "Other", "dimensions": []}},
        )
        merged = apply_partial(stored, part)
        names = stored.document["names"] | {"fr": "Structure"}
        assert merged.document == stored.document | {"names": names}

    @pytest.mark.parametrize("codes", [1, [1], [{"name": "A"}], {"A": 1}])
    def test_items_without_an_id_are_refused(self, codes: Any) -> None:
        part = artefact("Codelist", "CL", "1.0", codes=codes, isPartial=True)
        with pytest.raises(InvalidArtefactError):
            apply_partial(codelist("CL", "A", version="1.0"), part)

    @given(CODES, CODES)
    def test_other_registries_add_organisations_and_change_none(
        self, ours: list[str], theirs: list[str]
    ) -> None:
        stored = artefact("AgencyScheme", "AGENCIES", "1.0", agencies=[item(one) for one in ours])
        other = [item(one, name="their name") for one in theirs]
        merged = add_listed(stored, artefact("AgencyScheme", "AGENCIES", "1.0", agencies=other))
        assert items_of(merged)[: len(ours)] == items_of(stored)
        assert item_paths(merged) == {*ours, *theirs}


@st.composite
def trees(draw: st.DrawFn) -> list[dict[str, Any]]:
    leaves = st.builds(lambda: [])
    below = st.recursive(
        leaves,
        lambda inner: st.lists(
            st.tuples(st.sampled_from("ABC"), inner), max_size=3, unique_by=lambda one: one[0]
        ).map(lambda found: [item(n, **({"categories": c} if c else {})) for n, c in found]),
        max_leaves=12,
    )
    return draw(below)


class TestItems:
    @given(trees(), st.data())
    def test_c171_exactly_a_nested_item_and_those_below_it_go(
        self, tree: list[dict[str, Any]], data: st.DataObject
    ) -> None:
        scheme = artefact("CategoryScheme", "CAS", "1.0", **({"categories": tree} if tree else {}))
        paths = [path for path, _ in walk_items(scheme)]
        if not paths:
            return
        chosen = data.draw(st.sampled_from(paths))
        left = [path for path, _ in walk_items(delete_item(scheme, chosen))]
        assert left == [one for one in paths if one != chosen and not one.startswith(f"{chosen}.")]

    def test_c171_an_item_that_is_not_there(self) -> None:
        with pytest.raises(NotFoundError):
            delete_item(codelist("CL", "A"), "B")


class TestPlans:
    def test_each_refusal_has_its_own_reason(self) -> None:
        current = ArtefactSet(network())
        sent = [
            codelist("CL_OTHER", "A", agency="OTH"),
            codelist("CL_FREQ", "A"),
            codelist("CL_LOST", codelistExtensions=[{"codelist": urn("Codelist", "NO")}]),
            codelist("CL_WRONG", "A", "A"),
            codelist("CL_GOOD", "A"),
        ]
        plan = plan_submission(current, sent, lambda agency: agency == "TST")
        kinds = [type(one.error) for one in plan.outcomes[:1]]
        assert kinds == [NotAuthorisedError]
        codes = [None if one.error is None else one.error.code for one in plan.outcomes]
        assert codes == ["VIPMG-111", "VIPMG-121", "VIPMG-120", "VIPMG-131", None]
        assert [one.id for one in plan.changes.added] == ["CL_GOOD"]
        assert all(
            one.error is None or set(one.error.text) == {"en", "es"} for one in plan.outcomes
        )

    def test_a_code_that_others_take_over_is_missed_far_away(self) -> None:
        base = codelist("CL_B", "X", "Y", version="1.0")
        middle = codelist("CL_M", version="1.0", codelistExtensions=[{"codelist": base.urn}])
        user = artefact(
            "Hierarchy", "H", "1.0",
            hierarchicalCodes=[{"id": "Y", "code": urn("Code", "CL_M", "Y", version="1.0")}],
        )  # fmt: skip
        current = ArtefactSet([base, middle, user])
        plan = plan_submission(current, [codelist("CL_B", "X", version="1.0")], anyone)
        [outcome] = plan.outcomes
        assert isinstance(outcome.error, ConflictError)
        assert "Hierarchy TST:H(1.0)" in str(outcome.error)
        assert not plan.changes
        free = plan_submission(current, [codelist("CL_B", "Y", version="1.0")], anyone)
        assert bool(free.changes)

    def test_what_was_broken_before_stops_nobody(self) -> None:
        broken = codelist("CL_M", "A", version="1.0", codelistExtensions=[
            {"codelist": urn("Codelist", "NO")}
        ])  # fmt: skip
        current = ArtefactSet([broken, codelist("CL", "A", version="1.0")])
        plan = plan_submission(current, [codelist("CL", "B", version="1.0")], anyone)
        assert plan.outcomes[0].error is None

    @given(st.lists(st.sampled_from(network()), unique_by=lambda one: one.urn, max_size=16))
    def test_whatever_part_is_sent_no_reference_is_left_without_its_target(
        self, sent: list[Artefact]
    ) -> None:
        plan = plan_submission(ArtefactSet([]), sent, anyone)
        after = plan.changes.after
        assert all(not after.missing_references(one) for one in after)
        assert {one.urn for one in plan.outcomes if one.error is None} == {
            one.urn for one in plan.changes.added
        }
        # Nobody is refused whose references were all sent and taken.
        for outcome in plan.outcomes:
            if outcome.error is not None:
                refused = next(one for one in sent if one.urn == outcome.urn)
                assert ArtefactSet([*after, refused]).missing_references(refused)

    def test_facts_of_the_store_are_kept(self) -> None:
        current = ArtefactSet(network())
        agreement = urn("ProvisionAgreement", "PA_OPEN", version="1.0")
        open_one = artefact(
            "ProvisionAgreement", "PA_OPEN", "1.0", dataflow=urn("Dataflow", "DF"),
            dataProvider=urn("DataProvider", "DATA_PROVIDERS", "P2", version="1.0"),
        )  # fmt: skip
        held = StoredAgreement(agreement, urn("Dataflow", "DF"), "P1", has_data=True)
        plan = plan_submission(current, [open_one], anyone, facts=StoredFacts(agreements=[held]))
        assert "never changes" in str(plan.outcomes[0].error)
        with_one = ArtefactSet([*network(), open_one])
        mine = StoredAgreement(agreement, urn("Dataflow", "DF"), "P2", has_data=True)
        kept = plan_deletion(with_one, agreement, "", anyone, facts=StoredFacts(agreements=[mine]))
        assert "data were published" in str(kept.outcomes[0].error)
        gone = plan_deletion(with_one, agreement, "", anyone)
        assert gone.outcomes[0].error is None
        assert gone.outcomes[0].effect is Effect.DELETED
        assert agreement not in gone.changes.after

    def test_nothing_is_deleted_without_the_right(self) -> None:
        held = codelist("CL", "A", version="1.0")
        plan = plan_deletion(ArtefactSet([held]), held.urn, "", lambda _: False)
        assert isinstance(plan.outcomes[0].error, NotAuthorisedError)
        assert not plan.changes


class TestPaths:
    @pytest.mark.parametrize("segments", [[], [""], ["*"], ["all", ""], ["%2A"]])
    def test_any_type(self, segments: list[str]) -> None:
        assert parse_collection(segments, ARTEFACT_TYPES) == ""

    def test_one_artefact_or_item(self) -> None:
        path = ["categoryscheme", "TST.SUB", "CAS", "1.0.0-draft", "A.B", ""]
        target = parse_target(path, ARTEFACT_TYPES, with_item=True)
        assert target.urn.endswith("CategoryScheme=TST.SUB:CAS(1.0.0-draft)")
        assert target.item == "A.B"

    @pytest.mark.parametrize(
        "path",
        [
            "codelist/TST/CL",
            "codelist/TST/CL/1.0/A",
            "codelist/TST,OTH/CL/1.0",
            "codelist/TST/CL/~",
            "codelist/TST/CL/1.0+.0",
            "codelist/TST/*/1.0",
            "nonsense/TST/CL/1.0",
            "/TST/CL/1.0",
        ],
    )
    def test_anything_else_is_refused(self, path: str) -> None:
        with pytest.raises(QuerySyntaxError):
            parse_target(path.split("/"), ARTEFACT_TYPES)


ODD = [None, 0, 1.5, True, "", "x", [], {}, [1], ["x"], [{}], [None], {"en": "x"}, {"a": 1}]
EVERY = every_class()


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all parts of a document."""
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    found: list[tuple[Any, ...]] = []
    for key, part in parts:
        below = places(part, (*path, key)) if isinstance(part, dict | list) else []
        found += [(*path, key), *below]
    return found


class TestShapes:
    @settings(max_examples=400, deadline=None)
    @given(st.sampled_from(EVERY), st.sampled_from(ODD), st.data())
    def test_what_is_taken_can_be_asked_for_in_every_format(
        self, whole: Artefact, odd: Any, data: st.DataObject
    ) -> None:
        """A stored artefact of another shape would fail all who ask for it later."""
        document = deepcopy(whole.document) | {"version": "1.0"}
        path = data.draw(st.sampled_from(places(document)))
        part: Any = document
        for key in path[:-1]:
            part = part[key]
        part[path[-1]] = deepcopy(odd)
        try:
            changed = Artefact.read(whole.artefact_class, document)
        except InvalidArtefactError:
            return
        plan = plan_submission(ArtefactSet(EVERY), [changed], anyone)
        after = plan.changes.after
        for taken in (*plan.changes.added, *plan.changes.changed):
            parts = (taken.artefact_class.artefact_type, taken.agency, taken.id, str(taken.version))
            for detail in ("full", "raw", "referencepartial", "allcompletestubs"):
                query = parse_structure(list(parts), f"references=all&detail={detail}")
                assert answer_structure_query(after, query).matched
            for offer in (*STRUCTURE_OFFERS, *V1_STRUCTURE_OFFERS):
                if shows_any(offer, [taken]):
                    write_structure_message(
                        offer, [taken], HEADER, base_url="http://x", registry=after
                    )

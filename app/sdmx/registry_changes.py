"""What publishing a set of artefacts would change in a registry, or why it may not.

An artefact that is stored already and equal is left alone. A stable one may not change at all;
any other may be replaced. Afterwards every reference in the registry must lead somewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import orjson

from app.errors import ConflictError, InvalidArtefactError, StableArtefactChangedError
from app.sdmx.aggregates.declarations import check_computed
from app.sdmx.artefact_checks import check_artefact
from app.sdmx.artefact_classes import METADATA_SET
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefact_trial import check_shape
from app.sdmx.artefacts import Artefact, find_differences
from app.sdmx.checks.binding import check_bound_rulesets, check_terms
from app.sdmx.context_checks import check_constraint, check_map
from app.sdmx.metadata_sets import check_metadata_set, normalise_metadata_set
from app.sdmx.metadata_structures import check_usages
from app.sdmx.mirrors.check import check_pair
from app.sdmx.terms_sets import check_annotated_terms, check_terms_set
from app.sdmx.urn import parse_urn
from app.sdmx.version import VersionQuery

_SHOWN: Final = 20
"""How many differences or missing references an error shows."""


@dataclass(frozen=True, slots=True)
class RegistryChanges:
    """What a publication adds, replaces, leaves and deletes, and the registry after it."""

    added: tuple[Artefact, ...]
    changed: tuple[Artefact, ...]
    unchanged: tuple[Artefact, ...]
    after: ArtefactSet
    deleted: tuple[Artefact, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.deleted)


def plan_changes(current: ArtefactSet, artefacts: Iterable[Artefact]) -> RegistryChanges:
    """Compare artefacts with a registry and check that they may be published.

    Raises:
        InvalidArtefactError: an artefact is not valid, is there twice, or refers to nothing.
        StableArtefactChangedError: a stable artefact differs from the stored one.
        ConflictError: a part of a scheme would replace the whole.
    """
    given = unique_artefacts(artefacts)
    for artefact in given:
        check_artefact(artefact)
    everything = ArtefactSet((*current, *given))
    given = [stored_form(artefact, current, everything) for artefact in given]
    added = tuple(artefact for artefact in given if artefact.urn not in current)
    known = [(artefact, current.get(artefact.urn)) for artefact in given]
    pairs = [(new, old) for new, old in known if old is not None]
    unchanged = tuple(new for new, old in pairs if new.canonical() == old.canonical())
    replaced = [(new, old) for new, old in pairs if new.canonical() != old.canonical()]
    refuse_changes_of_stable(replaced)
    refuse_parts(replaced)
    changed = tuple(new for new, _ in replaced)
    after = ArtefactSet((*current, *added, *changed))
    if added or changed:
        _refuse_missing_references(after)
    for artefact in (*added, *changed):
        check_in_context(artefact, after)
        check_shape(artefact, after)
    return RegistryChanges(added, changed, unchanged, after)


def unique_artefacts(artefacts: Iterable[Artefact]) -> list[Artefact]:
    """The artefacts, each once.

    Raises:
        InvalidArtefactError: one is there twice.
    """
    found: dict[str, Artefact] = {}
    for artefact in artefacts:
        if artefact.urn in found:
            raise InvalidArtefactError(
                f"{artefact} is there twice.", f"{artefact} aparece dos veces.", urn=artefact.urn
            )
        found[artefact.urn] = artefact
    return list(found.values())


def check_in_context(artefact: Artefact, after: ArtefactSet) -> None:
    """Check what only what an artefact refers to can tell: metadata, components and codes.

    Raises:
        InvalidArtefactError: with the artefact, the `path` in it and the reason.
    """
    if artefact.artefact_class is METADATA_SET:
        check_metadata_set(artefact, after)
        check_terms_set(artefact, after)
        check_pair(artefact, after)
    elif artefact.is_external:
        return
    elif artefact.artefact_class.name == "DataStructure":
        check_usages(artefact, after)
    elif artefact.artefact_class.name == "DataConstraint":
        check_constraint(artefact, after)
    elif artefact.artefact_class.name == "StructureMap":
        check_map(artefact, after)
    elif artefact.artefact_class.name == "RulesetScheme":
        check_bound_rulesets(artefact, after)
    elif artefact.artefact_class.name == "Dataflow":
        check_computed(artefact, after)
    elif artefact.artefact_class.name == "ProvisionAgreement":
        check_terms(artefact, after)
        check_annotated_terms(artefact, after)


def stored_form(artefact: Artefact, current: ArtefactSet, everything: ArtefactSet) -> Artefact:
    """The form in which an artefact is stored, whatever the format that it came in."""
    if artefact.artefact_class is METADATA_SET:
        return normalise_metadata_set(artefact, everything)
    return pin_dataflow(artefact, current, everything)


def pin_dataflow(artefact: Artefact, current: ArtefactSet, everything: ArtefactSet) -> Artefact:
    """Bind an agreement to one version of its dataflow: the stored one if it still fits."""
    reference = artefact.document.get("dataflow")
    if artefact.artefact_class.name != "ProvisionAgreement" or not isinstance(reference, str):
        return artefact
    asked = parse_urn(reference)
    stored = current.get(artefact.urn)
    pinned = str(stored.document.get("dataflow", "")) if stored is not None else ""
    if pinned and _fits(pinned, reference):
        return artefact.with_document(artefact.document | {"dataflow": pinned})
    dataflow = everything.resolve(asked)
    if dataflow is None:
        return artefact
    return artefact.with_document(artefact.document | {"dataflow": dataflow.urn})


def _fits(pinned: str, reference: str) -> bool:
    """Whether a reference, its version perhaps with `+`, may mean the dataflow pinned before."""
    held, asked = parse_urn(pinned), parse_urn(reference)
    same = (held.agency, held.id) == (asked.agency, asked.id)
    exact = VersionQuery.parse(held.version).exact
    return same and exact is not None and VersionQuery.parse(asked.version).matches(exact)


def refuse_changes_of_stable(replaced: Sequence[tuple[Artefact, Artefact]]) -> None:
    """Refuse another content for a stable version.

    Args:
        replaced: the new and the stored artefact, which differ.

    Raises:
        StableArtefactChangedError: some stored ones are stable.
    """
    stable = [(new, old) for new, old in replaced if old.stable]
    if not stable:
        return
    every = (
        (new, path, before, after)
        for new, old in stable
        for path, before, after in find_differences(old.document, new.document)
    )
    shown = list(islice(every, _SHOWN))
    lines_en, lines_es = (
        "".join(
            f"\n  {artefact}{path}: {_short(before, nothing)} -> {_short(after, nothing)}"
            for artefact, path, before, after in shown
        )
        for nothing in ("nothing", "nada")
    )
    count = len(stable)
    raise StableArtefactChangedError(
        f"{count} stable artefact(s) differ from what is published under the same version; "
        f"publish the change under a new version.{lines_en}",
        f"{count} artefacto(s) estable(s) difieren de lo publicado con la misma versión; "
        f"publique el cambio con una versión nueva.{lines_es}",
        urns=[new.urn for new, _ in stable],
        differences=[
            {"urn": artefact.urn, "path": path, "old": before, "new": after}
            for artefact, path, before, after in shown
        ],
    )


def refuse_parts(replaced: Sequence[tuple[Artefact, Artefact]]) -> None:
    """Refuse a part, or a shell, in the place of the whole.

    Args:
        replaced: the new and the stored artefact, which differ.

    Raises:
        ConflictError: a new one is less than the whole that is stored.
    """
    for new, old in replaced:
        for flag in ("isPartial", "isExternalReference"):
            if new.document.get(flag) is True and old.document.get(flag) is not True:
                raise ConflictError(
                    f"{new}: the whole artefact is stored, a part ({flag}) cannot replace it.",
                    f"{new}: está guardado completo, una parte ({flag}) no puede sustituirlo.",
                    urn=new.urn,
                )


def _refuse_missing_references(after: ArtefactSet) -> None:
    missing = [
        (artefact, path, urn)
        for artefact in after
        for path, urn in after.missing_references(artefact)
    ]
    if not missing:
        for artefact in after:
            after.with_extensions(artefact)
        return
    lines = "".join(f"\n  {artefact}{path}: {urn}" for artefact, path, urn in missing[:_SHOWN])
    raise InvalidArtefactError(
        f"{len(missing)} reference(s) lead to nothing that is stored or published here.{lines}",
        f"{len(missing)} referencia(s) no llevan a nada guardado ni publicado aquí.{lines}",
        missing=[
            {"urn": artefact.urn, "path": path, "reference": urn} for artefact, path, urn in missing
        ],
    )


def _short(value: Any, nothing: str) -> str:  # noqa: ANN401
    if value is None:
        return nothing
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text if len(text) <= 120 else f"{text[:117]}..."

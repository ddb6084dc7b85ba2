"""Codelists that extend others (SDMX 3.1 section 6, codelist extension).

The lists extended are taken in their order. Where two have a code of the same id the later list
wins, and an own code wins over all. A prefix is put before the ids taken over, before they meet
the others; a selection speaks of ids without it. Codes keep the place where their id first came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

import msgspec

from app.errors import InvalidArtefactError
from app.sdmx.artefacts import Artefact, Document
from app.sdmx.item_schemes import items_of, with_descendants
from app.sdmx.structures import CodelistExtension, CodeSelection, MemberValue

FindCodelist: TypeAlias = Callable[[str], Artefact | None]
"""Gives the codelist that a URN reference means, or None."""


def resolve_extensions(codelist: Artefact, find: FindCodelist) -> Artefact:
    """Put the codes of all extended lists in their place and drop `codelistExtensions`.

    Raises:
        InvalidArtefactError: an extended list is unknown, extends itself in the end, or an
            extension does not have the shape that the standard gives it.
    """
    return _resolve(codelist, find, ())


def _resolve(codelist: Artefact, find: FindCodelist, above: tuple[str, ...]) -> Artefact:
    written = codelist.document.get("codelistExtensions")
    if not written:
        return codelist
    if codelist.urn in above:
        raise _invalid(codelist, "extends itself", "se extiende a sí misma")
    codes: dict[str, Document] = {}
    for extension in _extensions(codelist, written):
        parent = find(extension.codelist)
        if parent is None:
            raise _invalid(
                codelist,
                f"extends {extension.codelist}, which does not exist",
                f"extiende {extension.codelist}, que no existe",
            )
        codes.update(_take_over(_resolve(parent, find, (*above, codelist.urn)), extension))
    codes.update((code["id"], code) for code in items_of(codelist))
    key = codelist.artefact_class.items
    dropped = ("codelistExtensions", key)
    document = {name: value for name, value in codelist.document.items() if name not in dropped}
    resolved = _without_lost_parents(codes)
    return codelist.with_document(document | {key: resolved} if resolved else document)


def _extensions(codelist: Artefact, written: object) -> list[CodelistExtension]:
    try:
        return msgspec.convert(written, list[CodelistExtension])
    except msgspec.ValidationError as error:
        raise _invalid(codelist, str(error), str(error)) from None


def _take_over(parent: Artefact, extension: CodelistExtension) -> dict[str, Document]:
    chosen = _chosen_ids(parent, extension)
    prefix = extension.prefix
    taken: dict[str, Document] = {}
    for code in items_of(parent):
        if code["id"] not in chosen:
            continue
        # Links and URNs of the code belong to the list it comes from.
        copy = {key: value for key, value in code.items() if key != "links"}
        copy["id"] = prefix + code["id"]
        if copy.get("parent"):
            copy["parent"] = prefix + copy["parent"]
        taken[copy["id"]] = copy
    return taken


def _chosen_ids(parent: Artefact, extension: CodelistExtension) -> frozenset[str]:
    every = frozenset(code["id"] for code in items_of(parent))
    if extension.inclusive_code_selection is not None:
        return every & selected_ids(parent, extension.inclusive_code_selection)
    if extension.exclusive_code_selection is not None:
        return every - selected_ids(parent, extension.exclusive_code_selection)
    return every


def selected_ids(codelist: Artefact, selection: CodeSelection) -> frozenset[str]:
    """The ids that a selection means in a list without extensions."""
    found: set[str] = set()
    for member in selection.member_values:
        if isinstance(member, MemberValue) and member.cascade_values:
            roots = member.cascade_values != "excluderoot"
            found |= with_descendants(codelist, (member.value,), roots=roots)
        else:
            found.add(member.value if isinstance(member, MemberValue) else member)
    ids = [code["id"] for code in items_of(codelist)]
    for pattern in selection.wildcarded_member_values:
        found |= _matching(ids, pattern)
    return frozenset(found)


def _matching(ids: Iterable[str], pattern: str) -> set[str]:
    if pattern.endswith("%"):
        return {code for code in ids if code.startswith(pattern[:-1])}
    return {code for code in ids if code == pattern}


def _without_lost_parents(codes: dict[str, Document]) -> list[Document]:
    """Codes whose parent was not taken over stand at the top."""
    return [
        code
        if code.get("parent") in codes
        else {key: value for key, value in code.items() if key != "parent"}
        for code in codes.values()
    ]


def _invalid(codelist: Artefact, en: str, es: str) -> InvalidArtefactError:
    return InvalidArtefactError(f"{codelist}: {en}.", f"{codelist}: {es}.", urn=codelist.urn)

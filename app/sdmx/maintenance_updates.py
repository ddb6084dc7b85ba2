"""Updates of a part of an artefact (sdmx-rest 2.2, doc/maintenance.md).

A partial item scheme (`isPartial`) replaces the items it lists and adds those that are new; an
artefact with `isPartialLanguage` brings texts in some languages and changes nothing else; an item
is deleted with what stands below it, or leaves its children without a parent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.errors import InvalidArtefactError, NotFoundError
from app.sdmx.artefacts import Artefact, Document
from app.sdmx.item_schemes import item_paths, items_of
from app.sdmx.localisation import LOCALISED

_FLAGS: Final = ("isPartial", "isPartialLanguage")
_TEXT_FIELDS: Final = frozenset({*LOCALISED, *LOCALISED.values()})
_SHOWN: Final = ("name", "description")
_REPORTED: Final = "value"


def is_partial(artefact: Artefact) -> bool:
    """Whether an artefact that was sent is meant to change a part of the stored one."""
    return any(artefact.document.get(flag) is True for flag in _FLAGS)


def apply_partial(stored: Artefact, part: Artefact) -> Artefact:
    """The stored artefact with a part of it brought up to date.

    Raises:
        InvalidArtefactError: it is no item scheme, an item has no id, or a text belongs to
            something that the stored artefact does not have.
    """
    in_languages = part.document.get("isPartialLanguage") is True
    if part.document.get("isPartial") is True:
        return _merge_scheme(stored, part, in_languages=in_languages)
    given = _without(part.document, *_FLAGS)
    return stored.with_document(_merge_languages(stored.document, given, part, ""))


def add_listed(stored: Artefact, given: Artefact) -> Artefact:
    """The stored scheme with those items of another state of it that it lacks, at its end.

    So is an organisation scheme brought together with that of another registry: its version is
    always 1.0, and each registry lists those that it knows.
    """
    key = stored.artefact_class.items
    known = item_paths(stored)
    new = [item for item in _given_items(given) if item["id"] not in known]
    if not new:
        return stored
    return stored.with_document(stored.document | {key: [*items_of(stored), *new]})


def delete_item(scheme: Artefact, path: str) -> Artefact:
    """The scheme without one item: flat children lose their parent, nested ones go with it.

    Raises:
        NotFoundError: the scheme has no such item.
    """
    if path not in item_paths(scheme):
        raise NotFoundError(
            f"There is no item {path} in {scheme}.", f"No existe el ítem {path} en {scheme}."
        )
    key = scheme.artefact_class.items
    if scheme.artefact_class.nested:
        kept = _without_nested(items_of(scheme), path.split("."), key)
    else:
        kept = [
            _without(item, "parent") if item.get("parent") == path else item
            for item in items_of(scheme)
            if item.get("id") != path
        ]
    bare = _without(scheme.document, key)
    return scheme.with_document(bare | {key: kept} if kept else bare)


def _without_nested(items: list[Document], path: list[str], key: str) -> list[Document]:
    first, *below = path
    if not below:
        return [item for item in items if item.get("id") != first]
    return [
        _with_items(item, key, _without_nested(item.get(key, []), below, key))
        if item.get("id") == first
        else item
        for item in items
    ]


def _with_items(item: Document, key: str, items: list[Document]) -> Document:
    return item | {key: items} if items else _without(item, key)


def _merge_scheme(stored: Artefact, part: Artefact, *, in_languages: bool) -> Artefact:
    key = part.artefact_class.items
    if not key:
        raise InvalidArtefactError(
            f"{part}: only item schemes can be updated in part (isPartial).",
            f"{part}: solo los esquemas de ítems se actualizan en parte (isPartial).",
            urn=part.urn,
            path="/isPartial",
        )
    given = _without(part.document, *_FLAGS, key)
    if in_languages:
        document = _merge_languages(stored.document, given, part, "")
    else:
        texts = _merged_texts(stored.document, given)
        document = stored.document | given | texts
    items = _merge_items(items_of(stored), _given_items(part), part, in_languages=in_languages)
    return stored.with_document(document | {key: items} if items else document)


def _given_items(part: Artefact) -> list[Document]:
    key = part.artefact_class.items
    items: Any = part.document.get(key, [])
    wrong = not isinstance(items, list) or not all(
        isinstance(item, dict) and isinstance(item.get("id"), str) for item in items
    )
    if wrong:
        raise InvalidArtefactError(
            f"{part}, /{key}: an item has no id.",
            f"{part}, /{key}: un ítem no tiene id.",
            urn=part.urn,
            path=f"/{key}",
        )
    return list(items)


def _merge_items(
    stored: list[Document], given: list[Document], part: Artefact, *, in_languages: bool
) -> list[Document]:
    """Items keep their place; a new one comes before the next listed one that is there, or last."""
    known = {item["id"]: item for item in stored}
    before: dict[str, list[Document]] = {}
    waiting: list[Document] = []
    changed: dict[str, Document] = {}
    for item in given:
        name = item["id"]
        if name not in known:
            waiting.append(item)
            continue
        path = f"/{part.artefact_class.items}/{name}"
        changed[name] = _merge_languages(known[name], item, part, path) if in_languages else item
        before[name], waiting = [*before.get(name, ()), *waiting], []
    merged: list[Document] = []
    for item in stored:
        merged += (*before.get(item["id"], ()), changed.get(item["id"], item))
    return merged + waiting


def _merge_languages(stored: Document, given: Document, part: Artefact, path: str) -> Document:
    """Take over texts by language, at every place that the stored document has too."""
    merged = stored | _merged_texts(stored, given)
    for key, value in given.items():
        if key in _TEXT_FIELDS or not _holds_texts(value):
            continue
        if key not in stored:
            raise _nowhere(part, f"{path}/{key}")
        merged[key] = _merge_value(stored[key], value, part, f"{path}/{key}")
    return merged


def _merge_value(stored: Any, given: Any, part: Artefact, path: str) -> Any:  # noqa: ANN401
    if isinstance(stored, dict) and isinstance(given, dict):
        return _merge_languages(stored, given, part, path)
    if not isinstance(stored, list) or not isinstance(given, list):
        raise _nowhere(part, path)
    merged = list(stored)
    for position, value in enumerate(given):
        if _holds_texts(value):
            place = _place(stored, value, position)
            where = f"{path}/{value.get('id', position) if isinstance(value, dict) else position}"
            if place is None:
                raise _nowhere(part, where)
            merged[place] = _merge_value(stored[place], value, part, where)
    return merged


def _place(stored: list[Any], value: Any, position: int) -> int | None:  # noqa: ANN401
    """Where a part of a list stands in the stored one: by its id, else at the same position."""
    name = value.get("id") if isinstance(value, dict) else None
    if name is None:
        return position if position < len(stored) else None
    ids = (one.get("id") if isinstance(one, dict) else None for one in stored)
    return next((place for place, one in enumerate(ids) if one == name), None)


def _holds_texts(value: Any) -> bool:  # noqa: ANN401
    if isinstance(value, dict):
        return any(key in _TEXT_FIELDS or _holds_texts(below) for key, below in value.items())
    return isinstance(value, list) and any(_holds_texts(below) for below in value)


def _merged_texts(stored: Mapping[str, Any], given: Mapping[str, Any]) -> Document:
    """Texts by language: those given replace those of the same language, the others stay."""
    return dict(_text_pairs(stored, given))


def _text_pairs(stored: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if _texts(given, _REPORTED):
        yield _REPORTED, _texts(stored, _REPORTED) | _texts(given, _REPORTED)
    for plural, single in LOCALISED.items():
        held, brought = _texts(stored, plural), _texts(given, plural)
        if brought:
            yield plural, held | brought
            shown = stored.get(single, given.get(single))
            language = next((one for one, text in held.items() if text == shown), None)
            if shown is not None:
                yield single, shown if language is None else (held | brought)[language]
        elif single in given and single in _SHOWN:
            # One text whose language is not said: it takes the place of the one shown.
            language = next((one for one, text in held.items() if text == stored.get(single)), None)
            yield single, given[single]
            if language is not None:
                yield plural, held | {language: given[single]}


def _texts(part: Mapping[str, Any], plural: str) -> dict[str, Any]:
    texts = part.get(plural)
    return texts if isinstance(texts, dict) else {}


def _without(document: Mapping[str, Any], *keys: str) -> Document:
    return {key: value for key, value in document.items() if key not in keys}


def _nowhere(part: Artefact, path: str) -> InvalidArtefactError:
    return InvalidArtefactError(
        f"{part}, {path}: the stored artefact has nothing there whose texts could be merged.",
        f"{part}, {path}: el artefacto guardado no tiene nada ahí cuyos textos se puedan mezclar.",
        urn=part.urn,
        path=path,
    )

"""Item schemes: walking, finding and cutting their items (sdmx-rest 2.2, doc/structures.md).

Nested items (categories, reporting categories) hold their children and have dotted paths; all
other items stand in one list, name their parent, and their path is their id.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from app.sdmx.artefacts import Artefact, Document


def items_of(artefact: Artefact) -> list[Document]:
    """The items of the top level, as they are written; none if it is no item scheme."""
    key = artefact.artefact_class.items
    return artefact.document.get(key, []) if key else []


def walk_items(artefact: Artefact) -> Iterator[tuple[str, Document]]:
    """Give each item with its path, parents before children."""
    children = artefact.artefact_class.items if artefact.artefact_class.nested else ""
    return _walk(items_of(artefact), children, "")


def _walk(items: Iterable[Document], children: str, prefix: str) -> Iterator[tuple[str, Document]]:
    for item in items:
        path = f"{prefix}{item.get('id', '')}"
        yield path, item
        if children:
            yield from _walk(item.get(children, []), children, f"{path}.")


def item_paths(artefact: Artefact) -> frozenset[str]:
    """The paths of all items."""
    return frozenset(path for path, _ in walk_items(artefact))


def cut_items(artefact: Artefact, paths: Collection[str]) -> Artefact:
    """Keep only the items named, with the ancestors of nested ones, and say that it is partial.

    A parent that is not kept is no longer named by its children. What is kept whole stays as it
    is, without a word about being partial.
    """
    scheme = artefact.artefact_class
    every = items_of(artefact)
    if scheme.nested:
        kept = _cut_nested(every, scheme.items, frozenset(paths), "")
    else:
        kept = _cut_flat(every, frozenset(paths))
    if kept == every:
        return artefact
    return artefact.with_document(_replace_items(artefact, kept))


def _replace_items(artefact: Artefact, items: list[Document]) -> Document:
    """Set the items; value lists alone have no flag for being partial."""
    scheme = artefact.artefact_class
    document = {key: value for key, value in artefact.document.items() if key != scheme.items}
    if scheme.name != "ValueList":
        document["isPartial"] = True
    return document | {scheme.items: items} if items else document


def _cut_flat(items: Iterable[Document], ids: Collection[str]) -> list[Document]:
    return [_keep_parent(item, ids) for item in items if item.get("id") in ids]


def _keep_parent(item: Document, ids: Collection[str]) -> Document:
    if item.get("parent") is None or item["parent"] in ids:
        return item
    return {key: value for key, value in item.items() if key != "parent"}


def _cut_nested(
    items: Iterable[Document], key: str, paths: frozenset[str], prefix: str
) -> list[Document]:
    kept: list[Document] = []
    for item in items:
        path = f"{prefix}{item.get('id', '')}"
        below = _cut_nested(item.get(key, []), key, paths, f"{path}.")
        if path in paths or below:
            bare: dict[str, Any] = {name: value for name, value in item.items() if name != key}
            kept.append(bare | {key: below} if below else bare)
    return kept


def with_descendants(
    artefact: Artefact, ids: Iterable[str], *, roots: bool = True
) -> frozenset[str]:
    """The ids given and those of all items below them, in a flat scheme.

    Args:
        artefact: the item scheme.
        ids: where to start.
        roots: whether the ids given are part of the answer.
    """
    children: dict[str, list[str]] = {}
    for item in items_of(artefact):
        if item.get("parent"):
            children.setdefault(item["parent"], []).append(item["id"])
    start = list(ids)
    found: set[str] = set()
    pending = [child for root in start for child in children.get(root, [])]
    while pending:
        code = pending.pop()
        if code not in found:
            found.add(code)
            pending.extend(children.get(code, []))
    return frozenset(found | set(start)) if roots else frozenset(found)

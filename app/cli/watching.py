"""Watching a folder: what is new or changed in it is pushed once it is whole."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.cli.local_files import REPORT_ENDING, files_of
from app.cli.push_texts import text
from app.cli.pushing import ACCEPTED, REFUSED, Item, Pusher


@dataclass(frozen=True, slots=True)
class Folders:
    """A folder that is pushed, and where its files go afterwards; None: they stay."""

    source: Path
    done: Path | None = None
    refused: Path | None = None

    def item(self, path: Path) -> Item:
        """A file of the folder; its report lies beside it."""
        return Item(path, path.with_name(path.name + REPORT_ENDING), skips=True)


def push_folder(pusher: Pusher, folders: Folders) -> int:
    """Push the files of a folder, by name; return the worst exit status."""
    return max((push_one(pusher, folders, path) for path in files_of(folders.source)), default=0)


def push_one(pusher: Pusher, folders: Folders, path: Path) -> int:
    """Push a file of a folder, and move it where it is to go."""
    item = folders.item(path)
    status = pusher.push(item)
    target = {ACCEPTED: folders.done, REFUSED: folders.refused}.get(status)
    if status == ACCEPTED and item.report is not None and target is None:
        _forget_old(item.report, path)
    if target is not None:
        for each in (item.path, item.report):
            if each is not None and each.exists():
                try:
                    target.mkdir(parents=True, exist_ok=True)
                    each.replace(_free(target / each.name))
                except OSError as error:
                    pusher.say(each, text("not_moved", why=error), "yellow")
    return status


def watch(
    pusher: Pusher,
    folders: Folders,
    every: float,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Push what comes into a folder, until interrupted.

    A file is whole when its size and time are the same at two looks; one that could not be sent
    is tried again at the next look, and so is one that was changed.
    """
    seen: dict[Path, tuple[int, int]] = {}
    pushed: dict[Path, tuple[int, int]] = {}
    while True:
        now: dict[Path, tuple[int, int]] = {}
        for path in files_of(folders.source):
            try:
                facts = path.stat()
            except OSError:
                continue  # gone between the list and the look
            now[path] = mark = (facts.st_size, facts.st_mtime_ns)
            is_whole = mark == seen.get(path)
            if is_whole and mark != pushed.get(path) and _is_decided(pusher, folders, path):
                pushed[path] = mark
        seen = now
        sleep(every)


def _is_decided(pusher: Pusher, folders: Folders, path: Path) -> bool:
    return push_one(pusher, folders, path) in (ACCEPTED, REFUSED)


def _forget_old(report: Path, path: Path) -> None:
    """Take away the report of a file that was refused before and is accepted now."""
    if report.exists() and report.stat().st_mtime_ns < path.stat().st_mtime_ns:
        report.unlink(missing_ok=True)


def _free(target: Path) -> Path:
    """A name that is not taken: nothing that lies in a folder is ever replaced."""
    number, free = 1, target
    while free.exists():
        number += 1
        free = target.with_name(f"{target.stem}-{number}{target.suffix}")
    return free

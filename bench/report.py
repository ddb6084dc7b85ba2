"""The table at the end of a run."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable

from rich.table import Table

from bench.checks import Check, Skipped

_MET = {True: "[green]yes[/]", False: "[bold red]no[/]", None: ""}


def table(found: Iterable[Check | Skipped]) -> Table:
    """What was measured, beside its budget."""
    title = f"{platform.machine()}, {os.cpu_count()} cores; medians, and the range of the runs"
    shown = Table(title=title, title_justify="left", show_lines=False)
    shown.add_column("what")
    shown.add_column("against")
    for name in ("ours", "theirs", "budget", "measured", "range", "met"):
        shown.add_column(name, justify="right", no_wrap=True)
    for each in found:
        if isinstance(each, Skipped):
            shown.add_row(each.what, each.why, "", "", "", "left out", "", "")
        else:
            shown.add_row(each.what, each.against, each.ours, each.theirs, *_cells(each))
    return shown


def _cells(check: Check) -> tuple[str, str, str, str]:
    sign = "≥" if check.at_least else "≤"
    budget = "" if check.limit is None else f"{sign} {check.limit:g} {check.unit}"
    several = len(check.figures) > 1
    spread = f"{min(check.figures):.3g}-{max(check.figures):.3g}" if several else ""
    return budget, f"{check.median:.3g} {check.unit}", spread, _MET[check.met]

"""What was submitted to the service that the clients read."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import app
from tests.harmonised.desk import dimensions_of, harmonise

DEMO = Path(app.__file__).parent / "demo"
AGENCY = "VIPMG"
ENTRY_EXIT = "DF_ENTRY_EXIT"

Key = tuple[str, ...]


class Submitted:
    """What the accepted files say of a dataflow."""

    def __init__(self, flow: str) -> None:
        manifest = json.loads((DEMO / "manifest.json").read_text("utf-8"))
        self.rows: list[dict[str, str]] = []
        for entry in manifest:
            if "says" in entry:
                continue
            if "reads_as" in entry:
                self.rows += _harmonised(entry, flow)
            elif entry["dataflow"] == flow and entry["expected"] == "accepted":
                with (DEMO / entry["file"]).open(encoding="utf-8") as file:
                    self.rows += csv.DictReader(file)
        columns = list(self.rows[0])
        self.dimensions = columns[columns.index("FREQ") : columns.index("TIME_PERIOD") + 1]

    def values(self, **wanted: str) -> dict[Key, Decimal]:
        """Values by key with time, of the rows that have these codes."""
        return {
            tuple(row[name] for name in self.dimensions): Decimal(row["OBS_VALUE"])
            for row in self.rows
            if row["OBS_VALUE"] and all(row[name] == code for name, code in wanted.items())
        }

    def codes(self, dimension: str) -> set[str]:
        """The codes of a dimension that were sent."""
        return {row[dimension] for row in self.rows}

    def read(self, rows: Iterable[Mapping[str, Any]]) -> dict[Key, Decimal]:
        """Values by key with time, of rows that a client has read."""
        return {
            tuple(str(row[name]) for name in self.dimensions): Decimal(str(row["OBS_VALUE"]))
            for row in rows
        }


def _harmonised(entry: Mapping[str, str], flow: str) -> list[dict[str, str]]:
    """The rows of a dataflow that a file in national words became."""
    done = harmonise(DEMO / entry["file"], entry["organisation"], entry["reads_as"])
    names = [*dimensions_of(flow), "TIME_PERIOD"]
    return [
        {**dict(zip(names, key.split("."), strict=True)), **row}
        for key, row in done.flows.get(flow, {}).items()
    ]

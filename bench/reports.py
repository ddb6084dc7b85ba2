"""Measurements of what a refused file is answered: its report beside the accepted file."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from bench.checks import Check, at_most, interleaved, slower
from bench.ground import Ground
from bench.shapes import month, monthly_cube
from bench.structures import AGENCY, OWNER

ROWS = 10_000
MONTHS_EACH = 100
FIRST_MONTH = -300
"""Before all months that other measurements send, and not to come."""

WRONG = ("VIPMG-210", "VIPMG-212")

FORMATS = ("html", "json", "csv")


def reports(ground: Ground) -> Iterator[Check]:
    """A file in which every row is wrong, to its report; the same file without a fault."""
    sender = ground.sender(OWNER)
    right, wrong = _files(ground, is_wrong=False), _files(ground, is_wrong=True)
    sizes: list[float] = []
    others: list[float] = []

    def accept() -> float:
        return sender.decide(next(right), "published").seconds

    def refuse() -> float:
        decision = sender.decide(next(wrong), "rejected")
        found = decision.submission["findings"]["by_code"]
        total = sum(found.get(code, 0) for code in WRONG)
        if total != ROWS:
            raise RuntimeError(f"{total} findings of {ROWS} wrong rows")
        address = f"/api/submissions/{decision.submission['id']}/report"
        page, json, table = (sender.get(f"{address}?format={name}") for name in FORMATS)
        sizes.append(page.size / 1024)
        others.append(json.seconds + table.seconds)
        return decision.seconds + page.seconds

    theirs, ours = interleaved(ground.runs, accept, refuse)
    what = f"{ROWS:,} wrong rows of CSV"
    against = "the same rows without a fault, HTTP to published"
    yield slower(f"{what}, HTTP to the page of the report", against, 3, ours, theirs)
    whole = [one + more for one, more in zip(ours, others[1:], strict=True)]
    yield slower(f"{what}, the same with JSON and the whole table", against, None, whole, theirs)
    yield at_most("size of the page of that report", "", None, sizes, "KB")


def _files(ground: Ground, *, is_wrong: bool) -> Iterator[bytes]:
    """Files of the same series and months, each with other figures."""
    cube = monthly_cube(ground.size)
    keys = [",".join(key) for _, key in islice(cube.series(), ROWS // MONTHS_EACH)]
    times = [month(FIRST_MONTH + place) for place in range(MONTHS_EACH)]
    header = ",".join(["STRUCTURE", "STRUCTURE_ID", "ACTION", *cube.dimensions])
    head = f"dataflow,{AGENCY}:{cube.flow}(1.0.0),M"
    number = 0
    while True:
        number += 1
        lines = [f"{header},TIME_PERIOD,OBS_VALUE,OBS_STATUS"]
        for key in keys:
            for place, time in enumerate(times):
                figure, status = f"{number}{place}", "A"
                if is_wrong:
                    figure, status = (f"{figure} n.d.", "A") if place % 2 else (figure, "Á")
                lines.append(f"{head},{key},{time},{figure},{status}")
        yield ("\n".join(lines) + "\n").encode()

"""Runs many cases and says what came of them.

python -m tests.fuzz --cases 10000 --seed 1
python -m tests.fuzz --grammar json --only 4711 --seed 1
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
import traceback
from collections import Counter
from random import Random

from tests.fuzz.grammars import GRAMMARS, case
from tests.fuzz.judge import judge


def main() -> int:
    """Run the cases of one seed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000, help="cases of all grammars together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--grammar", choices=sorted(GRAMMARS), action="append")
    parser.add_argument("--only", type=int, help="one case, whose message is printed too")
    asked = parser.parse_args()
    names = asked.grammar or list(GRAMMARS)
    numbers = range(asked.cases) if asked.only is None else [asked.only]
    outcomes: dict[str, Counter[str]] = {name: Counter() for name in names}
    slowest = (0.0, "")
    faults = 0
    began = time.monotonic()
    for number in numbers:
        name = names[number % len(names)]
        flow, body = case(name, Random(f"{asked.seed}:{name}:{number}"))
        start = time.monotonic()
        try:
            found = judge(flow, body)
        except Exception:
            faults += 1
            outcomes[name]["fault of ours"] += 1
            print(f"case {number} ({name}, seed {asked.seed}):", file=sys.stderr)
            traceback.print_exc()
        else:
            errors = [finding for finding in found.findings if finding.is_error]
            for finding in errors:
                outcomes[name][finding.rule if finding.code == "VIPMG-201" else finding.code] += 1
            outcomes[name]["refused" if errors else "taken"] += 1
        slowest = max(slowest, (time.monotonic() - start, f"case {number} ({name})"))
        if asked.only is not None:
            sys.stdout.buffer.write(body + b"\n")
    for name, counts in outcomes.items():
        listed = ", ".join(f"{what} {count}" for what, count in counts.most_common())
        print(f"{name}: {listed}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    spent = time.monotonic() - began
    print(f"{len(numbers)} cases in {spent:.0f} s; slowest {slowest[1]}: {slowest[0]:.2f} s")
    print(f"peak memory {peak} MB; faults of ours: {faults}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

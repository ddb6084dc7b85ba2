"""Checks that need more than one row: totals, history, periods, revisions, other dataflows.

The rules are VTL rulesets that an agency maintains (`rulesets`, in a subset of the grammar of
VTL 2.1); which of them hold for an agreement, and how strictly, is said by annotations
(`binding`). A rule is evaluated on whole columns of a series (`evaluation`, `own_history`), on the
series of one total (`totals`), or on two dataflows (`vectors`).
"""

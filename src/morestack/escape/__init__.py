"""Escape analysis: decides for every variable and allocation of a package whether it can be on the stack.

The doors: `analyze.analyze` decides, `result.EscapeResult` answers, `report.report` and `report.to_json` print.
"""

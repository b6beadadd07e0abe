"""Escape analysis: decides for every variable and allocation of a package whether it can be on the stack."""

from morestack.escape.analyze import analyze
from morestack.escape.report import report, to_json
from morestack.escape.result import EscapeResult, Leaks, Message, Reason, Site

__all__ = ["EscapeResult", "Leaks", "Message", "Reason", "Site", "analyze", "report", "to_json"]

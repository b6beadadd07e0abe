"""Parameter lists: parameters, results, receivers and type parameters.

A list is first read as entries, because `a, b` may list names or types until some entry has both.
"""

from morestack.source.span import Span
from morestack.syntax.nodes import Expr, FuncType, Name, Param, TypeParamDecl
from morestack.syntax.parse_types import Entry, TypeParser
from morestack.syntax.scan import NAME


class ParamParser(TypeParser):
    """Parses signatures and parameter lists."""

    def signature(self, context: str) -> FuncType:
        """Parse parameters and results; `context`, if not empty, names a construct that may not have type
        parameters."""
        start = self.pos
        type_params: tuple[TypeParamDecl, ...] = ()
        if self.got("["):
            if context:
                self.syntax_error_at(start, context + " must have no type parameters")
            if self.tok == "]":
                self.syntax_error("empty type parameter list")
                self.next()
            else:
                type_params = self.type_params(None, None)
        self.want("(")
        params = self.params(dots_allowed=True)
        results: tuple[Param, ...] = ()
        if self.got("("):
            results = self.params(dots_allowed=False)
        else:
            result = self.type_or_none()
            if result is not None:
                results = (Param(result.span, (), result, False),)
        return FuncType(self.span(start), params, results, type_params)

    def params(self, dots_allowed: bool) -> tuple[Param, ...]:
        """Parse a parameter or result list after its opening parenthesis, up to the closing one."""
        entries = self.entries(")")
        close = self.list_end
        named = sum(1 for e in entries if e.name is not None and e.type is not None)
        if named == 0:
            for e in entries:
                if e.name is not None:
                    e.type, e.name = e.name, None
        elif named != len(entries):
            self.complete(entries, close, "missing parameter type", "missing parameter name")
        self._check_dots(entries, dots_allowed)
        return tuple(
            Param(Span(self.file, (names[0] if names else type_).span.start, type_.span.end), names, type_, variadic)
            for names, type_, variadic in _grouped(entries)
        )

    def type_params(self, name: Name | None, constraint: Expr | None) -> tuple[TypeParamDecl, ...]:
        """Parse a type parameter list after its bracket; its first name and the constraint may have been read
        already."""
        if name is not None and constraint is not None and self.tok == "]":
            entries = [Entry(name, constraint)]
            self.list_end = self.pos
            self.next()
        else:
            entries = self.entries("]", name, constraint)
        close = self.list_end
        if any(e.name is None or e.type is None for e in entries):
            missing = "missing type parameter name"
            if len(entries) == 1:
                missing += " or invalid array length"
            self.complete(entries, close, "missing type constraint", missing)
        self._check_dots(entries, dots_allowed=False)
        return tuple(
            TypeParamDecl(Span(self.file, names[0].span.start, type_.span.end), names, type_)
            for names, type_, _ in _grouped(entries)
        )

    def entries(self, close: str, name: Name | None = None, type_: Expr | None = None) -> list[Entry]:
        """Parse the entries up to `close`; the first name, or name and type, may have been read already."""
        entries: list[Entry] = []
        pending = (name, type_)

        def element() -> bool:
            nonlocal pending
            if pending[1] is not None:
                entry: Entry | None = Entry(*pending)
            else:
                entry = self._entry(pending[0], close)
            pending = (None, None)
            if entry is not None:
                entries.append(entry)
            return False

        self.list("parameter list", ",", close, element)
        return entries

    def _entry(self, name: Name | None, close: str) -> Entry | None:
        """Parse a name, a type, or a name and a type."""
        constraint = close == "]"
        if name is None and constraint and self.tok == "~":
            return Entry(None, self.union(self.term()))
        if name is None and self.tok == NAME:
            name = self.name()
        if name is not None:
            if self.tok == "[":
                x, named = self.array_or_instance(name)
                return Entry(name if named else None, self.union(x) if constraint else x)
            if self.tok == ".":
                x = self.qualified_name(name)
                return Entry(None, self.union(x) if constraint else x)
            if constraint and self.tok == "|":
                return Entry(None, self.union(name))
        if self.tok == "...":
            dots = self.pos
            self.next()
            elem = self.type_or_none()
            if elem is None:
                self.syntax_error("... is missing type")
                return Entry(name, self.bad_expr())
            return Entry(name, elem, dots)
        if constraint and self.tok == "~":
            return Entry(name, self.union(self.term()))
        type_ = self.type_or_none()
        if type_ is not None and constraint:
            type_ = self.union(type_)
        if name is not None or type_ is not None:
            return Entry(name, type_)
        self.syntax_error("expected " + close)
        self.advance(",", close)
        return None

    def complete(self, entries: list[Entry], close: int, no_type: str, no_name: str) -> None:
        """Complete entries that lack a name or a type, and report a list that mixes named and unnamed entries."""
        named = sum(1 for e in entries if e.name is not None and e.type is not None)
        typed = sum(1 for e in entries if e.type is not None)
        error: int | None = None
        current: Expr | None = None
        for e in reversed(entries):
            if e.type is not None:
                current = e.type
                if e.name is None:
                    error = e.dots if e.dots is not None else e.type.span.start
                    e.name = Name(Span(self.file, error, error), "_")
            elif current is None:
                assert e.name is not None
                error = e.name.span.start
                e.type = self.bad_expr()
        if error is not None:
            if named == typed:
                self.syntax_error_at(close, no_type)
            else:
                self.syntax_error_at(error, no_name)

    def _check_dots(self, entries: list[Entry], dots_allowed: bool) -> None:
        """Report the first `...` that is not at the last parameter."""
        reported = False
        for index, e in enumerate(entries):
            shared = index > 0 and entries[index - 1].type is None
            if e.dots is not None and (not dots_allowed or shared or index + 1 < len(entries)):
                if not reported:
                    where = "can only use ... with final parameter" if dots_allowed else "invalid use of ..."
                    self.error_at(e.dots, where)
                    reported = True
                e.dots = None


def _grouped(entries: list[Entry]) -> list[tuple[tuple[Name, ...], Expr, bool]]:
    """Group entries: names that share a type, the type, and whether it is variadic."""
    result: list[tuple[tuple[Name, ...], Expr, bool]] = []
    names: list[Name] = []
    for e in entries:
        if e.name is not None:
            names.append(e.name)
        if e.type is not None:
            result.append((tuple(names), e.type, e.dots is not None))
            names = []
    return result

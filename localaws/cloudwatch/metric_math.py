"""The metric math of error rates: + - * /, comparisons, IF, FILL, SUM, AVG, MIN, MAX, METRICS.

After the CloudWatch guide's page "Using math expressions with CloudWatch metrics". An expression is
evaluated for one period at a time; None stands for a period without a data point, and so does a
division by zero.
"""

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

Value = float | None

_ARITHMETIC: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_JUNCTIONS: Mapping[type[ast.boolop], Callable[[Sequence[bool]], bool]] = {
    ast.And: all,
    ast.Or: any,
}
_AGGREGATES: Mapping[str, Callable[[Sequence[float]], float]] = {
    "SUM": sum,
    "AVG": fmean,
    "MIN": min,
    "MAX": max,
}


class NotEvaluatedError(Exception):
    """CloudWatch would evaluate this, and this emulator does not; the text names it."""


@dataclass(frozen=True)
class Formula:
    """An expression; `metrics` are the ids that METRICS() stands for."""

    expression: str
    metrics: Sequence[str]

    def at(self, of: Callable[[str], Value]) -> Value:
        """Its value, where `of` gives each id's value; raises NotEvaluatedError.

        Both branches of an IF are evaluated, so that one evaluation tells whether all of the
        expression is understood.
        """
        return self._one(_parsed(self.expression), of)

    def _one(self, node: ast.AST, of: Callable[[str], Value]) -> Value:
        match node:
            case ast.Constant(value=int() | float() as number) if type(number) is not bool:
                return float(number)
            case ast.Name(id=name):
                return of(name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return _both(operator.sub, 0.0, self._one(operand, of))
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _ARITHMETIC:
                return _both(_ARITHMETIC[type(sign)], self._one(left, of), self._one(right, of))
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(name, arguments, of)
        return self._truth(node, of)

    def _truth(self, node: ast.AST, of: Callable[[str], Value]) -> Value:
        match node:
            case ast.Compare(left=left, ops=[sign], comparators=[right]) if (
                type(sign) in _COMPARISONS
            ):
                return _both(_COMPARISONS[type(sign)], self._one(left, of), self._one(right, of))
            case ast.BoolOp(op=sign, values=parts):
                truths = [self._one(part, of) for part in parts]
                known = [bool(truth) for truth in truths if truth is not None]
                return float(_JUNCTIONS[type(sign)](known)) if len(known) == len(truths) else None
        raise NotEvaluatedError(f"{ast.unparse(node)!r} in {self.expression!r}")

    def _call(self, name: str, arguments: list[ast.expr], of: Callable[[str], Value]) -> Value:
        match name, arguments:
            case "IF", [condition, then, otherwise]:
                truth, yes, no = (self._one(one, of) for one in (condition, then, otherwise))
                return None if truth is None else yes if truth else no
            case "FILL", [series, filler]:
                value, instead = self._one(series, of), self._one(filler, of)
                return instead if value is None else value
            case name, [several] if name in _AGGREGATES:
                present = [one for one in self._several(several, of) if one is not None]
                return _AGGREGATES[name](present) if present else None
        raise NotEvaluatedError(f"{name} with {len(arguments)} argument(s) in {self.expression!r}")

    def _several(self, node: ast.AST, of: Callable[[str], Value]) -> list[Value]:
        match node:
            case ast.List(elts=parts):
                return [self._one(part, of) for part in parts]
            case ast.Call(func=ast.Name(id="METRICS"), args=[]):
                return [of(name) for name in self.metrics]
            case ast.Call(func=ast.Name(id="METRICS"), args=[ast.Constant(value=str() as part)]):
                return [of(name) for name in self.metrics if part in name]
            case ast.Call(func=ast.Name(id="FILL"), args=[series, filler]):
                instead = self._one(filler, of)
                return [instead if one is None else one for one in self._several(series, of)]
        # Of a single series CloudWatch's SUM is one number over all of the graph's time.
        raise NotEvaluatedError(
            f"{ast.unparse(node)!r} where a list is wanted, in {self.expression!r}"
        )


def _parsed(expression: str) -> ast.AST:
    worded = re.sub(r"&&|\bAND\b", " and ", expression)
    worded = re.sub(r"\|\||\bOR\b", " or ", worded)
    try:
        return ast.parse(" ".join(worded.split()), mode="eval").body
    except SyntaxError:
        raise NotEvaluatedError(f"the expression {expression!r}") from None


def _both(function: Callable[[float, float], float], left: Value, right: Value) -> Value:
    if left is None or right is None:
        return None
    try:
        return float(function(left, right))
    except ZeroDivisionError:
        return None

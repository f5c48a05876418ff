"""Evaluates a requirement for many agents at once: a bit row per atom, combined by three-valued logic.

An *atom* is a part of a folded expression that is no ``&&``, ``||``, ``!`` or ``?:``; it reads only the agent. For each
atom the caller keeps two rows, whole numbers of any length with one bit per profile: where the atom is true, and where
it is false. Where neither bit is set it is an error; both are never set.
"""

from __future__ import annotations

from collections.abc import Mapping

from ccroute.requirement.meaning import evaluate
from ccroute.requirement.syntax import (
    And,
    BoolLiteral,
    Choice,
    DecimalLiteral,
    Expression,
    Fault,
    IntLiteral,
    Not,
    Or,
    TextLiteral,
    children,
)
from ccroute.requirement.views import AgentView

_SETTLED = (BoolLiteral, IntLiteral, DecimalLiteral, TextLiteral, Fault)


def atoms(expression: Expression) -> tuple[Expression, ...]:
    """Return the atoms of a folded ``expression``, each once, in the order of the text. Single literals are none."""
    found: dict[Expression, None] = {}
    stack = [expression]
    while stack:
        node = stack.pop()
        if isinstance(node, (And, Or, Not, Choice)):
            stack.extend(reversed(children(node)))
        elif not isinstance(node, _SETTLED):
            found[node] = None
    return tuple(found)


def outcome(atom: Expression, agent: AgentView) -> int:
    """Return 1 if ``atom`` is true for ``agent``, 0 if it is false, −1 if it is an error or no bool."""
    value = evaluate(atom, agent, None, None)
    if value is True:
        return 1
    return 0 if value is False else -1


def row(
    expression: Expression, true_rows: Mapping[Expression, int], false_rows: Mapping[Expression, int], everyone: int
) -> int:
    """Return the row of profiles for which a folded ``expression`` is true.

    :param true_rows: by atom, the profiles for which it is true.
    :param false_rows: by atom, the profiles for which it is false.
    :param everyone: the profiles there are; no other bit is set in any row.

    Time: one operation on whole rows per operand.
    """
    return _rows(expression, true_rows, false_rows, everyone)[0]


def _rows(
    expression: Expression, true_rows: Mapping[Expression, int], false_rows: Mapping[Expression, int], everyone: int
) -> tuple[int, int]:
    """Return where ``expression`` is true, and where it is false."""
    match expression:
        case And(terms=terms):
            is_true, is_false = everyone, 0
            for term in terms:
                term_true, term_false = _rows(term, true_rows, false_rows, everyone)
                is_true &= term_true
                is_false |= term_false
            return is_true, is_false
        case Or(terms=terms):
            is_true, is_false = 0, everyone
            for term in terms:
                term_true, term_false = _rows(term, true_rows, false_rows, everyone)
                is_true |= term_true
                is_false &= term_false
            return is_true, is_false
        case Not(operand=operand):
            is_true, is_false = _rows(operand, true_rows, false_rows, everyone)
            return is_false, is_true
        case Choice(condition=condition, then=then, otherwise=otherwise):
            taken, passed = _rows(condition, true_rows, false_rows, everyone)
            then_true, then_false = _rows(then, true_rows, false_rows, everyone)
            else_true, else_false = _rows(otherwise, true_rows, false_rows, everyone)
            return taken & then_true | passed & else_true, taken & then_false | passed & else_false
        case BoolLiteral(value=value):
            return (everyone, 0) if value else (0, everyone)
        case IntLiteral() | DecimalLiteral() | TextLiteral() | Fault():
            return 0, 0
        case _:
            return true_rows[expression], false_rows[expression]

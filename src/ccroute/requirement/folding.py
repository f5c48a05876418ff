"""Puts the values of a contact and a queue into an expression, so that what is left reads only the agent.

Folding keeps the meaning: for every agent the folded expression has the value, or the error, of the original.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from ccroute.requirement.meaning import compile_expression
from ccroute.requirement.syntax import (
    AgentId,
    And,
    BoolLiteral,
    Calculate,
    Choice,
    Compare,
    ContactAttribute,
    ContactChannel,
    ContactTier,
    DecimalLiteral,
    Expression,
    Fault,
    Has,
    InList,
    InMap,
    IntLiteral,
    Kind,
    ListLiteral,
    Map,
    Negation,
    Not,
    Or,
    QueueAttribute,
    QueueId,
    Size,
    TextLiteral,
    TextSearch,
    children,
    kind,
)
from ccroute.requirement.views import AgentView, ContactView, EvaluationError, Outcome, QueueView, Scene

TRUE: Final = BoolLiteral(True)
FALSE: Final = BoolLiteral(False)

# Constants do not look at the agent, so any agent will do.
_NOBODY: Final = AgentView(id="")
_LITERALS: Final = (BoolLiteral, IntLiteral, DecimalLiteral, TextLiteral)
_OUTSIDE: Final = (ContactAttribute, ContactChannel, ContactTier, QueueAttribute, QueueId)


def fold(expression: Expression, contact: ContactView | None, queue: QueueView | None) -> Expression:
    """Return ``expression`` with what it reads of ``contact`` and ``queue`` replaced by values, and simplified.

    What is missing becomes a :class:`Fault`; so does all that a contact or queue of None would have given. The result
    may be a literal, ``true`` among them. Time grows with the size of the expression and of the attributes it reads.
    """
    return _Folder(contact, queue).fold(expression)


def conjoin(one: Expression, other: Expression) -> Expression:
    """Return an expression that holds exactly where both hold."""
    terms = _distinct(term for side in (one, other) for term in (side.terms if isinstance(side, And) else (side,)))
    if FALSE in terms:
        return FALSE
    return _joined([term for term in terms if term != TRUE] or [TRUE])


def _joined(terms: list[Expression]) -> Expression:
    return terms[0] if len(terms) == 1 else And(tuple(terms))


def _distinct(terms: Iterable[Expression]) -> list[Expression]:
    return list(dict.fromkeys(terms))


def literal(value: Outcome) -> Expression:
    """Return the literal that stands for ``value``; of an error, a :class:`Fault`."""
    if isinstance(value, EvaluationError):
        return Fault(value.reason)
    if isinstance(value, bool):
        return BoolLiteral(value)
    if isinstance(value, int):
        return IntLiteral(value)
    if isinstance(value, Decimal):
        return DecimalLiteral(value)
    if isinstance(value, str):
        return TextLiteral(value)
    return ListLiteral(tuple(literal(item) for item in value))


class _Folder:
    __slots__ = ("_contact", "_queue")

    def __init__(self, contact: ContactView | None, queue: QueueView | None) -> None:
        self._contact = contact
        self._queue = queue

    def fold(self, expression: Expression) -> Expression:
        match expression:
            case And(terms=terms) | Or(terms=terms):
                return self._junction(type(expression), terms)
            case Not(operand=operand):
                return self._not(self.fold(operand))
            case Choice(condition=condition, then=then, otherwise=otherwise):
                return self._choice(self.fold(condition), then, otherwise)
            case Has(read=read):
                is_agents = not isinstance(read, (AgentId, *_OUTSIDE))
                return expression if is_agents else self._value(expression)
            case InMap(key=key, map=known):
                return self._lookup(self.fold(key), known)
            case Negation() | Compare() | Calculate() | InList() | TextSearch() | Size() | ListLiteral():
                return self._strict(expression)
            case _:
                return self._value(expression) if isinstance(expression, _OUTSIDE) else expression

    def _value(self, expression: Expression) -> Expression:
        """Return the literal of an expression that does not look at the agent."""
        return literal(compile_expression(expression)(Scene(_NOBODY, self._contact, self._queue)))

    def _strict(self, expression: Expression) -> Expression:
        """Fold an operator that wants all its operands: one faulty operand is the fault of the whole."""
        inside = tuple(self.fold(child) for child in children(expression))
        fault = next((child for child in inside if isinstance(child, Fault)), None)
        # Operands are evaluated in order, so only operands before it that cannot fail let this fault be the first;
        # which error it is makes no difference to what holds.
        if fault is not None:
            return fault
        folded = _rebuilt(expression, inside)
        if isinstance(folded, ListLiteral) or not all(_is_constant(child) for child in inside):
            return folded
        return self._value(folded)

    def _lookup(self, key: Expression, known: Map) -> Expression:
        if isinstance(key, Fault):
            return key
        folded = InMap(key, known)
        if known in (Map.SKILLS, Map.QUEUES, Map.AGENT_ATTRIBUTES):
            return folded if not _is_constant(key) or isinstance(key, TextLiteral) else FALSE
        owner = self._contact if known is Map.CONTACT_ATTRIBUTES else self._queue
        if owner is None or _is_constant(key):
            return self._value(folded) if owner is not None else self._absent(folded)
        # The key is the agent's, the names are not: they become a list, in which the same keys are found.
        return InList(key, ListLiteral(tuple(TextLiteral(name) for name in sorted(owner.attributes))))

    def _absent(self, folded: InMap) -> Expression:
        return Fault(f"{folded.map} are missing")

    def _not(self, operand: Expression) -> Expression:
        if isinstance(operand, BoolLiteral):
            return FALSE if operand.value else TRUE
        return _truth_fault(operand) or Not(operand)

    def _choice(self, condition: Expression, then: Expression, otherwise: Expression) -> Expression:
        if isinstance(condition, BoolLiteral):
            return self.fold(then if condition.value else otherwise)
        return _truth_fault(condition) or Choice(condition, self.fold(then), self.fold(otherwise))

    def _junction(self, operator: type[And | Or], terms: tuple[Expression, ...]) -> Expression:
        decisive, neutral = (FALSE, TRUE) if operator is And else (TRUE, FALSE)
        open_terms: list[Expression] = []
        fault: Fault | None = None
        for term in map(self.fold, terms):
            for part in term.terms if isinstance(term, operator) else (term,):
                if part == decisive:
                    return decisive
                if found := _truth_fault(part):
                    fault = fault or found
                elif part != neutral:
                    open_terms.append(part)
        open_terms = _distinct(open_terms)
        if fault is not None:
            open_terms.append(fault)
        if not open_terms:
            return neutral
        # Alone, a term that is no bool would be a value again; beside the neutral one it stays an error.
        if len(open_terms) == 1 and not isinstance(open_terms[0], Fault) and kind(open_terms[0]) is not Kind.BOOL:
            open_terms.append(neutral)
        return open_terms[0] if len(open_terms) == 1 else operator(tuple(open_terms))


def _is_constant(expression: Expression) -> bool:
    """Return whether the folded ``expression`` is a value."""
    if isinstance(expression, ListLiteral):
        return all(_is_constant(item) for item in expression.items)
    return isinstance(expression, _LITERALS)


def _truth_fault(expression: Expression) -> Fault | None:
    """Return the fault of a folded operand of logic that is an error for every agent, else None."""
    if isinstance(expression, Fault):
        return expression
    if _is_constant(expression) and not isinstance(expression, BoolLiteral):
        return Fault(EvaluationError(expression, "is not a bool").reason)
    return None


def _rebuilt(expression: Expression, inside: tuple[Expression, ...]) -> Expression:
    match expression:
        case ListLiteral():
            return ListLiteral(inside)
        case Negation():
            return Negation(inside[0])
        case Size():
            return Size(inside[0])
        case Compare(operator=comparison):
            return Compare(comparison, inside[0], inside[1])
        case Calculate(operator=calculation):
            return Calculate(calculation, inside[0], inside[1])
        case TextSearch(method=method):
            return TextSearch(method, inside[0], inside[1])
        case _:
            return InList(inside[0], inside[1])

"""Prints expressions in their canonical form: one space around binary operators, no parenthesis without need.

For whatever the parser reads, reading the canonical text gives the same structure again.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from ccroute.requirement.syntax import (
    AgentAttribute,
    AgentId,
    And,
    BoolLiteral,
    Calculate,
    Calculation,
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
    ListLiteral,
    Negation,
    Not,
    Or,
    QueueAttribute,
    QueueFigure,
    QueueId,
    QueueRank,
    Size,
    SkillLevel,
    TextLiteral,
    TextSearch,
    is_dottable,
)

# How tightly each form binds; a form inside one that binds tighter needs parentheses.
_CHOICE: Final = 1
_OR: Final = 2
_AND: Final = 3
_RELATION: Final = 4
_SUM: Final = 5
_PRODUCT: Final = 6
_UNARY: Final = 7
_PRIMARY: Final = 8

_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def print_expression(expression: Expression) -> str:
    """Return the canonical text. A :class:`Fault` prints as ``<reason>``, which nothing can read again."""
    return _print(expression, _CHOICE)


def print_text(value: str) -> str:
    """Return ``value`` as a text literal in double quotes, control characters escaped."""
    return '"' + "".join(_escaped(character) for character in value) + '"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character < " " or "\x7f" <= character <= "\x9f":
        return f"\\u{ord(character):04x}"
    return character


def _print_decimal(value: Decimal) -> str:
    text = format(value, "f")
    whole, _, fraction = text.removeprefix("-").partition(".")
    sign = "-" if value < 0 else ""
    return f"{sign}{whole.lstrip('0') or '0'}.{fraction.rstrip('0') or '0'}"


def _print_name(owner: str, name: str) -> str:
    return f"{owner}.{name}" if is_dottable(name) else f"{owner}[{print_text(name)}]"


def _print(expression: Expression, tightness: int) -> str:
    """Return the text of ``expression``, in parentheses if it binds looser than ``tightness``."""
    own = _tightness(expression)
    text = _print_operator(expression)
    return f"({text})" if own < tightness else text


def _tightness(expression: Expression) -> int:
    match expression:
        case Choice():
            return _CHOICE
        case Or():
            return _OR
        case And():
            return _AND
        case Compare() | InList() | InMap():
            return _RELATION
        case Calculate(operator=Calculation.MULTIPLY):
            return _PRODUCT
        case Calculate():
            return _SUM
        case Not() | Negation():
            return _UNARY
        case _:
            return _PRIMARY


def _print_operator(expression: Expression) -> str:
    own = _tightness(expression)
    match expression:
        case Choice(condition=condition, then=then, otherwise=otherwise):
            return f"{_print(condition, _OR)} ? {_print(then, _OR)} : {_print(otherwise, _CHOICE)}"
        case Or(terms=terms):
            return " || ".join(_print(term, own + 1) for term in terms)
        case And(terms=terms):
            return " && ".join(_print(term, own + 1) for term in terms)
        case Compare(operator=operator, left=left, right=right):
            return f"{_print(left, own)} {operator} {_print(right, own + 1)}"
        case Calculate(operator=sign, left=left, right=right):
            return f"{_print(left, own)} {sign} {_print(right, own + 1)}"
        case InList(item=item, container=container):
            return f"{_print(item, own)} in {_print(container, own + 1)}"
        case InMap(key=key, map=known):
            return f"{_print(key, own)} in {known}"
        case Not(operand=operand):
            return "!" + (_print_operator(operand) if isinstance(operand, Not) else _print(operand, _PRIMARY))
        case Negation(operand=operand):
            text = _print_operator(operand) if isinstance(operand, Negation) else _print(operand, _PRIMARY)
            # A minus right before a digit belongs to the number, so -(5) is not -5.
            return f"-({text})" if text[0].isdigit() else f"-{text}"
        case _:
            return _print_primary(expression)


def _print_primary(expression: Expression) -> str:
    match expression:
        case BoolLiteral(value=truth):
            return "true" if truth else "false"
        case IntLiteral(value=number):
            return str(number)
        case DecimalLiteral(value=amount):
            return _print_decimal(amount)
        case TextLiteral(value=text):
            return print_text(text)
        case ListLiteral(items=items):
            return "[" + ", ".join(_print(item, _CHOICE) for item in items) + "]"
        case Has(read=read):
            return f"has({_print_primary(read)})"
        case TextSearch(method=method, text=target, part=part):
            return f"{_print(target, _PRIMARY)}.{method}({_print(part, _CHOICE)})"
        case Size(operand=operand):
            return f"{_print(operand, _PRIMARY)}.size()"
        case Fault(reason=reason):
            return f"<{reason}>"
        case _:
            return _print_read(expression)


def _print_read(expression: Expression) -> str:
    match expression:
        case AgentId():
            return "agent.id"
        case SkillLevel(skill=name):
            return _print_name("agent.skills", name)
        case QueueRank(queue=name):
            return _print_name("agent.queues", name)
        case AgentAttribute(name=name):
            return _print_name("agent.attributes", name)
        case ContactChannel():
            return "contact.channel"
        case ContactTier():
            return "contact.tier"
        case ContactAttribute(name=name):
            return _print_name("contact.attributes", name)
        case QueueId():
            return "queue.id"
        case QueueAttribute(name=name):
            return _print_name("queue.attributes", name)
        case QueueFigure(figure=figure):
            return f"queue.{figure}"
    raise TypeError(f"expression must be a node of the requirement language, was {type(expression).__name__}")

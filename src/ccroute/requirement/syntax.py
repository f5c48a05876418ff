"""The requirement language as frozen structs: literals, reads of agent, contact and queue, and operators.

Every node is immutable and compares and hashes by structure, kinds of literals apart: ``IntLiteral(1)``,
``DecimalLiteral(Decimal(1))`` and ``BoolLiteral(True)`` are three different things. As JSON a node is an object whose
``node`` says which one it is. A tree that was built by hand has not been checked;
:func:`ccroute.requirement.check` does that. What a node means is in :mod:`ccroute.requirement.meaning`.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

import msgspec

INT_MIN: Final = -(2**63)
INT_MAX: Final = 2**63 - 1
"""Whole numbers are those of 64 bits, as in CEL."""

DECIMAL_DIGITS_MAX: Final = 6
"""Digits after the point of a decimal."""

DECIMAL_MAX: Final = Decimal(2**53 - 1).scaleb(-DECIMAL_DIGITS_MAX)
"""Largest magnitude of a decimal: 2⁵³ − 1 millionths."""

DEPTH_MAX: Final = 64
"""Operators inside operators, and brackets inside brackets. A chain of ``&&`` or of ``||`` is one operator."""

ITEMS_MAX: Final = 1024
"""Items in one list."""

_DOTTABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORDS: Final = ("true", "false", "null", "in")


def is_dottable(name: str) -> bool:
    """Return whether ``name`` can follow a dot; other names are written as ``["…"]``."""
    return _DOTTABLE.fullmatch(name) is not None and name not in _WORDS


class Comparison(enum.StrEnum):
    """Operators that compare two values."""

    EQUAL = "=="
    UNEQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


class Calculation(enum.StrEnum):
    """Operators between two whole numbers or two decimals."""

    ADD = "+"
    SUBTRACT = "-"
    MULTIPLY = "*"


class Search(enum.StrEnum):
    """Methods that look for one text in another."""

    STARTS_WITH = "startsWith"
    ENDS_WITH = "endsWith"
    CONTAINS = "contains"


class Map(enum.StrEnum):
    """Maps whose keys ``in`` can look up."""

    SKILLS = "agent.skills"
    QUEUES = "agent.queues"
    AGENT_ATTRIBUTES = "agent.attributes"
    CONTACT_ATTRIBUTES = "contact.attributes"
    QUEUE_ATTRIBUTES = "queue.attributes"


class Figure(enum.StrEnum):
    """What is counted of a queue and its agents right now."""

    WAITING = "waiting"
    """Contacts that wait in the queue."""
    OLDEST_US = "oldest_us"
    """Longest time that one of them has waited in its life, microseconds; 0 without any."""
    ONLINE = "online"
    """Agents that serve the queue, however late, and are not offline."""
    AVAILABLE = "available"
    """Those of them that are available."""
    AWAY = "away"
    """Those of them that are away."""
    FREE = "free"
    """Those available without legs, pending offers and a next presence."""


class Node(msgspec.Struct, frozen=True, tag_field="node", forbid_unknown_fields=True, cache_hash=True):
    """Base of every node."""


# ---------------------------------------------------------------- literals


class BoolLiteral(Node, frozen=True, tag="bool"):
    """``true`` or ``false``."""

    value: bool


class IntLiteral(Node, frozen=True, tag="int"):
    """A whole number of 64 bits."""

    value: int


class DecimalLiteral(Node, frozen=True, tag="decimal"):
    """An exact decimal: at most six digits after the point, magnitude below 2⁵³ millionths."""

    value: Decimal


class TextLiteral(Node, frozen=True, tag="text"):
    """A text."""

    value: str


class ListLiteral(Node, frozen=True, tag="list"):
    """A list of at most 1 024 expressions."""

    items: tuple[Expression, ...]


class Fault(Node, frozen=True, tag="fault"):
    """A value that is an error whoever the agent is. Only folding makes it; no text means it."""

    reason: str
    """What was wrong, as in ``contact.attributes.lang is missing``."""


# ---------------------------------------------------------------- reads


class AgentId(Node, frozen=True, tag="agent.id"):
    """``agent.id``."""


class SkillLevel(Node, frozen=True, tag="agent.skill"):
    """``agent.skills.<skill>``: the level, 0 if the agent lacks the skill."""

    skill: str


class QueueRank(Node, frozen=True, tag="agent.queue"):
    """``agent.queues.<queue>``: the agent's rank there, an error if the agent does not list the queue."""

    queue: str


class AgentAttribute(Node, frozen=True, tag="agent.attribute"):
    """``agent.attributes.<name>``, an error if missing."""

    name: str


class ContactChannel(Node, frozen=True, tag="contact.channel"):
    """``contact.channel``."""


class ContactTier(Node, frozen=True, tag="contact.tier"):
    """``contact.tier``: the contact's own tier, an error if it has none of its own."""


class ContactAttribute(Node, frozen=True, tag="contact.attribute"):
    """``contact.attributes.<name>``, an error if missing."""

    name: str


class QueueId(Node, frozen=True, tag="queue.id"):
    """``queue.id``."""


class QueueAttribute(Node, frozen=True, tag="queue.attribute"):
    """``queue.attributes.<name>``, an error if missing."""

    name: str


class QueueFigure(Node, frozen=True, tag="queue.figure"):
    """``queue.<figure>``, which only conditions read."""

    figure: Figure


Read = (
    AgentId
    | SkillLevel
    | QueueRank
    | AgentAttribute
    | ContactChannel
    | ContactTier
    | ContactAttribute
    | QueueId
    | QueueAttribute
    | QueueFigure
)
"""What looks something up."""


class Has(Node, frozen=True, tag="has"):
    """``has(read)``: whether it is there; a skill is there if its level is above 0. The name must be dottable."""

    read: Read


# ---------------------------------------------------------------- operators


class Not(Node, frozen=True, tag="not"):
    """``!operand``."""

    operand: Expression


class Negation(Node, frozen=True, tag="negation"):
    """``-operand``."""

    operand: Expression


class And(Node, frozen=True, tag="and"):
    """``a && b && …``, two terms or more. A false term makes it false, whatever the others are."""

    terms: tuple[Expression, ...]


class Or(Node, frozen=True, tag="or"):
    """``a || b || …``, two terms or more. A true term makes it true, whatever the others are."""

    terms: tuple[Expression, ...]


class Compare(Node, frozen=True, tag="compare"):
    """``left == right`` and its like."""

    operator: Comparison
    left: Expression
    right: Expression


class Calculate(Node, frozen=True, tag="calculate"):
    """``left + right`` and its like."""

    operator: Calculation
    left: Expression
    right: Expression


class InList(Node, frozen=True, tag="in_list"):
    """``item in container``, where the container's value must be a list."""

    item: Expression
    container: Expression


class InMap(Node, frozen=True, tag="in_map"):
    """``key in agent.skills`` and its like. A key that is no text is not in it."""

    key: Expression
    map: Map


class Choice(Node, frozen=True, tag="choice"):
    """``condition ? then : otherwise``; only the branch taken counts."""

    condition: Expression
    then: Expression
    otherwise: Expression


class TextSearch(Node, frozen=True, tag="search"):
    """``text.startsWith(part)`` and its like."""

    method: Search
    text: Expression
    part: Expression


class Size(Node, frozen=True, tag="size"):
    """``operand.size()``: characters of a text, items of a list."""

    operand: Expression


Literal = BoolLiteral | IntLiteral | DecimalLiteral | TextLiteral
"""Literals that hold one value."""

Expression = (
    BoolLiteral
    | IntLiteral
    | DecimalLiteral
    | TextLiteral
    | ListLiteral
    | Fault
    | AgentId
    | SkillLevel
    | QueueRank
    | AgentAttribute
    | ContactChannel
    | ContactTier
    | ContactAttribute
    | QueueId
    | QueueAttribute
    | QueueFigure
    | Has
    | Not
    | Negation
    | And
    | Or
    | Compare
    | Calculate
    | InList
    | InMap
    | Choice
    | TextSearch
    | Size
)
"""Any node."""


def children(expression: Expression) -> tuple[Expression, ...]:
    """Return the expressions directly inside ``expression``, in the order of the text."""
    match expression:
        case And(terms=inside) | Or(terms=inside) | ListLiteral(items=inside):
            return inside
        case Not(operand=only) | Negation(operand=only) | Size(operand=only) | Has(read=only) | InMap(key=only):
            return (only,)
        case Compare(left=first, right=second) | Calculate(left=first, right=second):
            return (first, second)
        case InList(item=first, container=second) | TextSearch(text=first, part=second):
            return (first, second)
        case Choice(condition=first, then=second, otherwise=third):
            return (first, second, third)
        case _:
            return ()


def walk(expression: Expression) -> Iterator[Expression]:
    """Yield ``expression`` and all inside it, each before what is inside it, in the order of the text."""
    stack = [expression]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(children(node)))


class Kind(enum.Enum):
    """What is known of a value's type before anything is read."""

    BOOL = enum.auto()
    INT = enum.auto()
    DECIMAL = enum.auto()
    NUMBER = enum.auto()
    """An int or a decimal."""
    TEXT = enum.auto()
    LIST = enum.auto()
    ANY = enum.auto()
    """An attribute's value, or nothing but an error."""


def kind(expression: Expression) -> Kind:
    """Return the type that the value of ``expression`` has whenever it is not an error."""
    match expression:
        case BoolLiteral() | Not() | And() | Or() | Compare() | InList() | InMap() | Has() | TextSearch():
            return Kind.BOOL
        case IntLiteral() | SkillLevel() | QueueRank() | ContactTier() | QueueFigure() | Size():
            return Kind.INT
        case DecimalLiteral():
            return Kind.DECIMAL
        case TextLiteral() | AgentId() | ContactChannel() | QueueId():
            return Kind.TEXT
        case ListLiteral():
            return Kind.LIST
        case Negation(operand=operand):
            inside = kind(operand)
            return inside if inside in (Kind.INT, Kind.DECIMAL) else Kind.NUMBER
        case Calculate(left=left, right=right):
            sides = (kind(left), kind(right))
            return next((side for side in sides if side in (Kind.INT, Kind.DECIMAL)), Kind.NUMBER)
        case Choice(then=then, otherwise=otherwise):
            inside = kind(then)
            return inside if inside is kind(otherwise) else Kind.ANY
        case _:
            return Kind.ANY

"""Reads the text of an expression into structs.

Operators from loose to tight, all but ``?:`` left to right::

    c ? a : b      a || b      a && b      == != < <= > >= in      + -      *      ! -      .method(…) .size()

Binary operators are read with a stack of their own instead of recursion; only brackets recurse, and they are bounded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from ccroute.errors import InvalidId, OutOfRange, RequirementError, WrongType
from ccroute.requirement.syntax import (
    DEPTH_MAX,
    ITEMS_MAX,
    AgentAttribute,
    AgentId,
    And,
    BoolLiteral,
    Calculate,
    Calculation,
    Choice,
    Compare,
    Comparison,
    ContactAttribute,
    ContactChannel,
    ContactTier,
    DecimalLiteral,
    Expression,
    Figure,
    Has,
    InList,
    InMap,
    IntLiteral,
    ListLiteral,
    Map,
    Negation,
    Not,
    Or,
    QueueAttribute,
    QueueFigure,
    QueueId,
    QueueRank,
    Read,
    Search,
    Size,
    SkillLevel,
    TextLiteral,
    TextSearch,
    is_dottable,
)
from ccroute.requirement.tokens import TokenKind, Tokens, suggestion
from ccroute.types import ID_LENGTH_MAX, REQUIREMENT_LENGTH_MAX

_LEVELS: Final = {
    "||": 1,
    "&&": 2,
    "==": 3,
    "!=": 3,
    "<": 3,
    "<=": 3,
    ">": 3,
    ">=": 3,
    "in": 3,
    "+": 4,
    "-": 4,
    "*": 5,
}
_LOGIC: Final = ("&&", "||")
_SIMPLE: Final[dict[tuple[str, str], Read]] = {
    ("agent", "id"): AgentId(),
    ("contact", "channel"): ContactChannel(),
    ("contact", "tier"): ContactTier(),
    ("queue", "id"): QueueId(),
}
_NAMED: Final[dict[Map, Callable[[str], Read]]] = {
    Map.SKILLS: SkillLevel,
    Map.QUEUES: QueueRank,
    Map.AGENT_ATTRIBUTES: AgentAttribute,
    Map.CONTACT_ATTRIBUTES: ContactAttribute,
    Map.QUEUE_ATTRIBUTES: QueueAttribute,
}
_FIELDS: Final = {
    "agent": ("id", "skills", "attributes", "queues"),
    "contact": ("channel", "tier", "attributes"),
    "queue": ("id", "attributes"),
}
_METHODS: Final = (*Search, "size")


class Dialect(NamedTuple):
    """What a kind of statement may read."""

    fields: dict[str, tuple[str, ...]]
    """Fields by their owner, in the order in which messages tell them."""
    simple: dict[tuple[str, str], Read]
    """What owner and field read where no name follows."""

    @property
    def value(self) -> str:
        """What messages call a value."""
        return f"a literal, {', '.join(self.fields)}, has(…), size(…), !, -, ( or ["


AGENTS: Final = Dialect(_FIELDS, _SIMPLE)
"""Requirements and scores: agent, contact and queue."""
MOMENTS: Final = Dialect(
    {"contact": _FIELDS["contact"], "queue": (*_FIELDS["queue"], *Figure)},
    {key: read for key, read in _SIMPLE.items() if key[0] != "agent"}
    | {("queue", str(figure)): QueueFigure(figure) for figure in Figure},
)
"""Conditions: contact, queue and the queue's figures."""


class Reading(NamedTuple):
    """What a text says, and where it names skills and queues."""

    expression: Expression
    column: int
    """Column of its first token."""
    skills: dict[str, int]
    """Each skill named, with the column of its first mention."""
    queues: dict[str, int]
    """Each of the agent's queues named, with the column of its first mention."""


class _Part(NamedTuple):
    node: Expression
    height: int
    column: int


def read_expression(text: str, argument: str, dialect: Dialect = AGENTS) -> Reading:
    """Read ``text``. Time grows with its length, at most 8 192 characters.

    :raises WrongType: ``text`` is no ``str``, or a subclass of it.
    :raises OutOfRange: it is too long.
    :raises InvalidId: it holds a lone surrogate.
    :raises RequirementError: it is not of the language; ``column`` is that of the first character that cannot be right.
    """
    if type(text) is not str:
        raise WrongType(argument, text, "a str")
    if len(text) > REQUIREMENT_LENGTH_MAX:
        raise OutOfRange(argument, text, f"at most {REQUIREMENT_LENGTH_MAX} characters long")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidId(argument, text, "text without lone surrogates") from error
    return _Reader(text, argument, dialect).read()


class _Reader:
    __slots__ = ("_depth", "_dialect", "_queues", "_skills", "_tokens")

    def __init__(self, text: str, argument: str, dialect: Dialect) -> None:
        self._dialect = dialect
        self._tokens = Tokens(text, argument)
        self._depth = 0
        self._skills: dict[str, int] = {}
        self._queues: dict[str, int] = {}

    def read(self) -> Reading:
        whole = self._expression()
        if self._tokens.kind is not TokenKind.END:
            raise self._tokens.fault("an operator or the end of the text")
        return Reading(whole.node, whole.column, self._skills, self._queues)

    # ------------------------------------------------------------ operators

    def _expression(self) -> _Part:
        """Read an expression with its ``?:``, which hang together to the right."""
        tokens = self._tokens
        part = self._chain()
        pairs: list[tuple[_Part, _Part]] = []
        while tokens.is_sign("?"):
            if len(pairs) == DEPTH_MAX:
                raise self._too_deep(tokens.column)
            tokens.advance()
            then = self._chain()
            self._expect(":", 'an operator or ":", and a choice before it in parentheses')
            pairs.append((part, then))
            part = self._chain()
        for condition, then in reversed(pairs):
            node = Choice(condition.node, then.node, part.node)
            part = self._grown(node, condition.column, condition.column, condition, then, part)
        return part

    def _chain(self) -> _Part:
        """Read operands and the binary operators between them, the tighter operator first."""
        tokens = self._tokens
        operands = [self._operand()]
        pending: list[tuple[str, int]] = []
        while (word := self._binary_operator()) is not None:
            level = _LEVELS[word]
            # Terms of && and of || are gathered, not paired, so an equal level waits there.
            while pending and (top := _LEVELS[pending[-1][0]]) >= level and (top > level or word not in _LOGIC):
                self._reduce(operands, pending)
            pending.append((word, tokens.column))
            tokens.advance()
            container = self._container() if word == "in" else self._operand()
            if isinstance(container, _Part):
                operands.append(container)
            else:
                # A map is no value: it stands to the right of ``in`` and nowhere else.
                operands.append(self._lookup(operands.pop(), container, pending.pop()[1]))
        while pending:
            self._reduce(operands, pending)
        return operands[0]

    def _binary_operator(self) -> str | None:
        tokens = self._tokens
        is_operator = tokens.kind is TokenKind.SIGN or (tokens.kind is TokenKind.NAME and tokens.word == "in")
        return tokens.word if is_operator and tokens.word in _LEVELS else None

    def _reduce(self, operands: list[_Part], pending: list[tuple[str, int]]) -> None:
        """Make one node of the last operator that waits, and of all equal ones before it if it is ``&&`` or ``||``."""
        word, column = pending.pop()
        right = operands.pop()
        left = operands.pop()
        if word in _LOGIC:
            parts = [right, left]
            while pending and pending[-1][0] == word:
                pending.pop()
                parts.append(operands.pop())
            parts.reverse()
            terms = tuple(part.node for part in parts)
            both = And(terms) if word == "&&" else Or(terms)
            operands.append(self._grown(both, parts[0].column, column, *parts))
            return
        node: Expression
        if word == "in":
            node = InList(left.node, right.node)
        elif word in ("+", "-", "*"):
            node = Calculate(Calculation(word), left.node, right.node)
        else:
            node = Compare(Comparison(word), left.node, right.node)
        operands.append(self._grown(node, left.column, column, left, right))

    def _lookup(self, key: _Part, known: Map, column: int) -> _Part:
        if isinstance(key.node, TextLiteral):
            self._note(known, key.node.value, key.column)
        return self._grown(InMap(key.node, known), key.column, column, key)

    def _operand(self) -> _Part:
        """Read what stands between binary operators: signs before, a value, methods behind."""
        tokens = self._tokens
        prefix: list[tuple[str, int]] = []
        while tokens.is_sign("!") or tokens.is_sign("-"):
            sign, column = tokens.word, tokens.column
            before = prefix[-1][0] if prefix else sign
            if sign == "!" and before == "-":
                raise tokens.fault("a value, or in parentheses: -(!…)")
            if len(prefix) == DEPTH_MAX:
                raise self._too_deep(column)
            tokens.advance()
            if sign == "-" and tokens.kind in (TokenKind.INT, TokenKind.DECIMAL):
                part = self._number(column, is_negative=True)
                break
            if sign == "-" and before == "!":
                raise tokens.fault("a number, or in parentheses: !(-…)")
            prefix.append((sign, column))
        else:
            part = self._value()
        part = self._methods(part)
        for sign, column in reversed(prefix):
            node = Not(part.node) if sign == "!" else Negation(part.node)
            part = self._grown(node, column, column, part)
        return part

    def _methods(self, part: _Part) -> _Part:
        tokens = self._tokens
        while tokens.is_sign("."):
            tokens.advance()
            name, column = tokens.word, tokens.column
            if tokens.kind is not TokenKind.NAME or name not in _METHODS:
                raise tokens.fault(f"one of {', '.join(_METHODS)}{suggestion(name, _METHODS)}")
            tokens.advance()
            self._open()
            if name == "size":
                part = self._grown(Size(part.node), part.column, column, part)
            else:
                inside = self._expression()
                node = TextSearch(Search(name), part.node, inside.node)
                part = self._grown(node, part.column, column, part, inside)
            self._close(")")
        return part

    # ------------------------------------------------------------ values

    def _value(self) -> _Part:
        tokens = self._tokens
        column = tokens.column
        match tokens.kind:
            case TokenKind.INT | TokenKind.DECIMAL:
                return self._number(column, is_negative=False)
            case TokenKind.TEXT:
                return self._taken(TextLiteral(tokens.word))
            case TokenKind.NAME:
                return self._name()
        if tokens.is_sign("["):
            return self._list()
        if not tokens.is_sign("("):
            raise tokens.fault(self._dialect.value)
        self._open()
        inside = self._expression()
        self._close(")")
        return inside._replace(column=column)

    def _taken(self, node: Expression) -> _Part:
        part = _Part(node, 0, self._tokens.column)
        self._tokens.advance()
        return part

    def _number(self, column: int, *, is_negative: bool) -> _Part:
        tokens = self._tokens
        node: Expression
        if tokens.kind is TokenKind.INT:
            node = IntLiteral(tokens.int_value(is_negative=is_negative, column=column))
        else:
            node = DecimalLiteral(tokens.decimal_value(is_negative=is_negative, column=column))
        return self._taken(node)._replace(column=column)

    def _list(self) -> _Part:
        tokens = self._tokens
        column = tokens.column
        self._open("[")
        items: list[_Part] = []
        while not tokens.is_sign("]"):
            if len(items) == ITEMS_MAX:
                raise tokens.fault(f"a list of at most {ITEMS_MAX} items")
            items.append(self._expression())
            if tokens.is_sign("]"):
                break
            self._expect(",", 'an operator, "," or "]"')
        self._close("]")
        return self._grown(ListLiteral(tuple(item.node for item in items)), column, column, *items)

    def _name(self) -> _Part:
        tokens = self._tokens
        name, column = tokens.word, tokens.column
        if name in ("true", "false"):
            return self._taken(BoolLiteral(name == "true"))
        if name in ("has", "size"):
            tokens.advance()
            self._open()
            if name == "has":
                part = self._grown(Has(self._dotted_read()), column, column)
            else:
                inside = self._expression()
                part = self._grown(Size(inside.node), column, column, inside)
            self._close(")")
            return part
        read = self._reference()
        if isinstance(read, Map):
            raise self._incomplete(read)
        return _Part(read, 0, column)

    def _container(self) -> _Part | Map:
        """Read what stands behind ``in``: a map, or an operand."""
        tokens = self._tokens
        if tokens.kind is not TokenKind.NAME or tokens.word not in self._dialect.fields:
            return self._operand()
        column = tokens.column
        read = self._reference()
        return read if isinstance(read, Map) else self._methods(_Part(read, 0, column))

    # ------------------------------------------------------------ reads

    def _reference(self) -> Read | Map:
        """Read a name that begins with ``agent``, ``contact`` or ``queue``."""
        root, field = self._field()
        if (root, field) in self._dialect.simple:
            return self._dialect.simple[root, field]
        known = Map(f"{root}.{field}")
        tokens = self._tokens
        if tokens.is_sign("."):
            return self._dotted(known)
        if not tokens.is_sign("["):
            return known
        self._open("[")
        column = tokens.column
        if tokens.kind is not TokenKind.TEXT:
            raise tokens.fault('a name in quotes, as in ["name"]')
        self._check_name(tokens.word)
        read = self._named(known, tokens.word, column)
        tokens.advance()
        self._close("]")
        return read

    def _field(self) -> tuple[str, str]:
        """Read the root and its field."""
        tokens = self._tokens
        root = tokens.word
        if root == "null" and tokens.kind is TokenKind.NAME:
            raise tokens.fault("has(…), which tells what is missing; there is no null")
        owners = self._dialect.fields
        if tokens.kind is not TokenKind.NAME or root not in owners:
            alike = suggestion(root, (*owners, "true", "false", "has", "size"))
            raise tokens.fault(f"{self._dialect.value}{alike}")
        fields = owners[root]
        tokens.advance()
        self._expect(".", f"{root}.{f', {root}.'.join(fields)}")
        field = tokens.word
        if tokens.kind is not TokenKind.NAME or field not in fields:
            raise tokens.fault(f"{root}.{f', {root}.'.join(fields)}{suggestion(field, fields)}")
        tokens.advance()
        return root, field

    def _dotted_read(self) -> Read:
        """Read what ``has`` may ask for: a field, or a name behind a dot."""
        root, field = self._field()
        if (root, field) in self._dialect.simple:
            return self._dialect.simple[root, field]
        known = Map(f"{root}.{field}")
        if not self._tokens.is_sign("."):
            raise self._tokens.fault(f'a dot and a name; other names are asked for by "…" in {known}')
        return self._dotted(known)

    def _dotted(self, known: Map) -> Read:
        tokens = self._tokens
        tokens.advance()
        name = tokens.word
        if tokens.kind is not TokenKind.NAME or not is_dottable(name):
            raise tokens.fault(f'a name of letters, digits and _; other names are written {known}["…"]')
        self._check_name(name)
        read = self._named(known, name, tokens.column)
        tokens.advance()
        return read

    def _named(self, known: Map, name: str, column: int) -> Read:
        self._note(known, name, column)
        return _NAMED[known](name)

    def _check_name(self, name: str) -> None:
        if not is_name(name):
            raise self._tokens.fault(f"a name of 1 to {ID_LENGTH_MAX} characters, none of them a control character")

    def _note(self, known: Map, name: str, column: int) -> None:
        if known is Map.SKILLS:
            self._skills.setdefault(name, column)
        elif known is Map.QUEUES:
            self._queues.setdefault(name, column)

    # ------------------------------------------------------------ bounds and brackets

    def _grown(self, node: Expression, column: int, operator_column: int, *inside: _Part) -> _Part:
        """Return the part that ``node`` makes of the parts inside it."""
        height = 1 + max((part.height for part in inside), default=0)
        if height > DEPTH_MAX:
            raise self._too_deep(operator_column)
        return _Part(node, height, column)

    def _too_deep(self, column: int) -> RequirementError:
        return self._tokens.fault(f"nested at most {DEPTH_MAX} deep", column)

    def _incomplete(self, known: Map) -> RequirementError:
        return self._tokens.fault(f'a name, as in {known}.name or {known}["name"]')

    def _open(self, bracket: str = "(") -> None:
        if self._depth == DEPTH_MAX and self._tokens.is_sign(bracket):
            raise self._too_deep(self._tokens.column)
        self._expect(bracket, f'"{bracket}"')
        self._depth += 1

    def _close(self, bracket: str) -> None:
        self._expect(bracket, f'an operator or "{bracket}"')
        self._depth -= 1

    def _expect(self, sign: str, allowed: str) -> None:
        if not self._tokens.is_sign(sign):
            raise self._tokens.fault(allowed)
        self._tokens.advance()


def is_name(name: str) -> bool:
    """Return whether ``name`` can name a skill, a queue or an attribute."""
    return 0 < len(name) <= ID_LENGTH_MAX and not any(
        character < " " or "\x7f" <= character <= "\x9f" or "\ud800" <= character <= "\udfff" for character in name
    )

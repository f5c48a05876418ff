"""Whole statements: a requirement, which is a condition on agents, and a score, which ranks them.

A :class:`Requirement` or :class:`Score` that :func:`parse`, :func:`parse_score`, :func:`check` or :func:`check_score`
returned can be printed and read again. One built by hand has not been checked.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, cast, final

import msgspec

from ccroute.errors import InvalidId, OutOfRange, RequirementError, WrongType
from ccroute.requirement.meaning import evaluate
from ccroute.requirement.printing import print_expression
from ccroute.requirement.reading import Reading, read_expression
from ccroute.requirement.syntax import (
    DEPTH_MAX,
    ContactAttribute,
    ContactChannel,
    ContactTier,
    DecimalLiteral,
    Expression,
    InMap,
    Kind,
    Map,
    Node,
    QueueAttribute,
    QueueId,
    QueueRank,
    SkillLevel,
    TextLiteral,
    kind,
    walk,
)
from ccroute.requirement.views import AgentView, ContactView, QueueView
from ccroute.types import REQUIREMENT_LENGTH_MAX

_EXPONENT_MAX: Final = 64
"""Decimals beyond ten to this power, or below its inverse, are refused before they are printed."""

TRUTHS: Final = (Kind.BOOL, Kind.ANY)
_SCORES: Final = (Kind.INT, Kind.NUMBER, Kind.ANY)
_CONTACT_READS: Final = (ContactAttribute, ContactChannel, ContactTier)
_QUEUE_READS: Final = (QueueAttribute, QueueId)


class Statement(msgspec.Struct, frozen=True, cache_hash=True):
    """What requirements, scores and conditions share."""

    expression: Expression
    """What it says, as structs."""

    @property
    def text(self) -> str:
        """The canonical text; reading it gives this statement again."""
        return print_expression(self.expression)

    @property
    def skills(self) -> tuple[str, ...]:
        """Names of the skills it reads, each once, sorted."""
        return self._names(SkillLevel, Map.SKILLS)

    @property
    def queues(self) -> tuple[str, ...]:
        """Names of the queues in which it reads the agent's rank or membership, each once, sorted."""
        return self._names(QueueRank, Map.QUEUES)

    @property
    def reads_contact(self) -> bool:
        """Whether its value may depend on the contact."""
        return self._reads(_CONTACT_READS, Map.CONTACT_ATTRIBUTES)

    @property
    def reads_queue(self) -> bool:
        """Whether its value may depend on the contact's queue."""
        return self._reads(_QUEUE_READS, Map.QUEUE_ATTRIBUTES)

    def _names(self, read: type[SkillLevel | QueueRank], known: Map) -> tuple[str, ...]:
        names: list[str] = []
        for node in walk(self.expression):
            match node:
                case SkillLevel(skill=name) | QueueRank(queue=name) if isinstance(node, read):
                    names.append(name)
                case InMap(key=TextLiteral(value=name), map=looked_up) if looked_up is known:
                    names.append(name)
        return tuple(sorted(dict.fromkeys(names)))

    def _reads(self, reads: tuple[type[Node], ...], known: Map) -> bool:
        return any(
            isinstance(node, reads) or (isinstance(node, InMap) and node.map is known) for node in walk(self.expression)
        )


@final
class Requirement(Statement, frozen=True, cache_hash=True):
    """A condition on agents, which may read the contact and its queue."""


@final
class Score(Statement, frozen=True, cache_hash=True):
    """A whole number for each agent, which may depend on the contact and its queue."""


def parse(text: str, *, argument: str = "requires") -> Requirement:
    """Read a requirement.

    :param argument: what the text is called in errors.
    :raises WrongType: ``text`` is no ``str``, or a subclass of it.
    :raises OutOfRange: it is longer than 8 192 characters, or would be in its canonical form.
    :raises InvalidId: it holds a lone surrogate.
    :raises RequirementError: it cannot be read, or can never be a condition.
    """
    return Requirement(accept(read_expression(text, argument), text, argument, TRUTHS))


def parse_score(text: str, *, argument: str = "score") -> Score:
    """Read a score; raises what :func:`parse` raises, also for what can never be a whole number."""
    return Score(accept(read_expression(text, argument), text, argument, _SCORES))


def parse_expression(text: str, *, argument: str = "expression") -> Expression:
    """Read an expression of any type; raises what :func:`parse` raises."""
    return accept(read_expression(text, argument), text, argument, tuple(Kind))


def accept(
    reading: Reading, text: str, argument: str, kinds: tuple[Kind, ...], example: str = "agent.skills.x > 0"
) -> Expression:
    """Return the expression read, if its type may be one of ``kinds`` and its canonical form is not too long."""
    expression = reading.expression
    if kind(expression) not in kinds:
        allowed = "a whole number" if kinds is _SCORES else f"a condition, true or false (as in {example})"
        raise RequirementError(argument, text, allowed, reading.column)
    if len(print_expression(expression)) > REQUIREMENT_LENGTH_MAX:
        raise OutOfRange(argument, text, f"at most {REQUIREMENT_LENGTH_MAX} characters long with its spaces in place")
    return expression


def check(expression: Expression, *, argument: str = "requires") -> Requirement:
    """Return the requirement that ``expression``, built by hand or decoded, is.

    :raises WrongType: a part of it has the wrong type.
    :raises OutOfRange: it is far too deep or too long, or a decimal in it is no number of common size.
    :raises InvalidId: a text in it holds a lone surrogate.
    :raises RequirementError: no text says this, as for an ``And`` of one term, a ``Fault`` or too deep a tree.
    """
    return parse(_text_of(expression, argument), argument=argument)


def check_score(expression: Expression, *, argument: str = "score") -> Score:
    """Return the score that ``expression`` is; raises what :func:`check` raises."""
    return parse_score(_text_of(expression, argument), argument=argument)


def _text_of(expression: Expression, argument: str) -> str:
    """Return the canonical text of ``expression`` if reading it gives ``expression`` again."""
    _check_size(expression, argument)
    try:
        # Through JSON and back: every field gets the type that its annotation says, or an error.
        decoded: Expression = msgspec.json.decode(msgspec.json.encode(expression), type=Expression)
    except UnicodeEncodeError as error:
        raise InvalidId(argument, expression, "text without lone surrogates") from error
    except Exception as error:  # msgspec raises many kinds, and values of the caller's own types any
        raise WrongType(argument, expression, f"an expression of the stated types ({error})") from error
    for node in walk(decoded):
        if isinstance(node, DecimalLiteral) and not _is_common(node.value):
            raise OutOfRange(argument, node.value, "a decimal below 2⁵³ millionths with at most six digits")
    if not _is_same(decoded, expression):
        raise WrongType(argument, expression, f"an expression of the stated types, as in {decoded}")
    text = print_expression(decoded)
    if read_expression(text, argument).expression != decoded:
        raise RequirementError(argument, text, "what the text of an expression can say")
    return text


def _is_same(one: Expression, other: Expression) -> bool:
    try:
        return one == other
    except Exception:  # a value of a caller's own type may compare in any way
        return False


def _is_common(value: Decimal) -> bool:
    """Return whether ``value`` has a text of common length: infinities have none, exponents may have far too much."""
    return value.is_finite() and abs(value.adjusted()) <= _EXPONENT_MAX


def _check_size(expression: Expression, argument: str) -> None:
    """Refuse a tree that recursion could not survive, or with more nodes than a text has characters.

    Tuples count as a level of their own here; the exact depth is the parser's to judge.
    """
    stack: list[tuple[object, int]] = [(expression, 0)]
    count = 0
    while stack:
        item, depth = stack.pop()
        count += 1
        if depth > 2 * DEPTH_MAX:
            raise OutOfRange(argument, type(item).__name__, f"an expression nested at most {DEPTH_MAX} deep")
        if count > REQUIREMENT_LENGTH_MAX:
            raise OutOfRange(argument, type(item).__name__, f"an expression of at most {REQUIREMENT_LENGTH_MAX} nodes")
        if type(item) is tuple or type(item) is list:
            stack.extend((part, depth + 1) for part in item)
        elif issubclass(type(item), Node):  # isinstance would ask the value for its class, which may do anything
            stack.extend((getattr(item, field), depth + 1) for field in cast(Node, item).__struct_fields__)


def column_of_skill(text: str, skill: str) -> int:
    """Return the 1-based column of the first place where a requirement or score names ``skill``; 1 if it does not.

    ``text`` is one that :func:`parse` or :func:`parse_score` has read.
    """
    return read_expression(text, "text").skills.get(skill, 1)


def column_of_queue(text: str, queue: str) -> int:
    """Return the 1-based column of the first place where the text names this queue of the agent; 1 if it does not."""
    return read_expression(text, "text").queues.get(queue, 1)


def holds(
    requirement: Requirement | Expression, agent: AgentView, contact: ContactView | None, queue: QueueView | None
) -> bool:
    """Return whether the requirement is true; an error is not."""
    expression = requirement.expression if isinstance(requirement, Requirement) else requirement
    return evaluate(expression, agent, contact, queue) is True


def score_of(
    score: Score | Expression, agent: AgentView, contact: ContactView | None, queue: QueueView | None
) -> int | None:
    """Return the score of ``agent``, a whole number of 64 bits, or None if it is an error or no whole number."""
    expression = score.expression if isinstance(score, Score) else score
    value = evaluate(expression, agent, contact, queue)
    return value if isinstance(value, int) and not isinstance(value, bool) else None

"""What an expression means: its value for one agent, contact and queue.

Values are bool, int, ``Decimal``, str and lists of them. What CEL calls an error is a value here too, an
:class:`EvaluationError`; it never is an exception. Every expression is turned into nested Python functions once; the
functions of the expressions used last are kept.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from decimal import Context, Decimal
from functools import lru_cache
from typing import Any, Final, TypeAlias

from ccroute.requirement.syntax import (
    DECIMAL_DIGITS_MAX,
    DECIMAL_MAX,
    INT_MAX,
    INT_MIN,
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
    Fault,
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
    QueueRank,
    Read,
    Search,
    Size,
    SkillLevel,
    TextLiteral,
    TextSearch,
)
from ccroute.requirement.views import (
    AgentView,
    Attribute,
    ContactView,
    EvaluationError,
    Figures,
    Outcome,
    QueueView,
    Scene,
    Value,
)

COMPILED_MAX: Final = 4096
"""Expressions whose functions are kept."""

Evaluator: TypeAlias = Callable[[Scene], Outcome]

# Never the caller's decimal context: its precision must not decide who gets a contact.
_EXACT: Final = Context(prec=64, traps=[])
_LISTS: Final = (list, tuple)
_NUMBERS: Final = (int, Decimal)
_ORDERED: Final = (bool, str)
_TESTS: Final[dict[Comparison, Callable[[Any, Any], bool]]] = {
    Comparison.LESS: operator.lt,
    Comparison.AT_MOST: operator.le,
    Comparison.MORE: operator.gt,
    Comparison.AT_LEAST: operator.ge,
}


def evaluate(
    expression: Expression,
    agent: AgentView,
    contact: ContactView | None,
    queue: QueueView | None,
    figures: Figures | None = None,
) -> Outcome:
    """Return the value of ``expression``, or an :class:`EvaluationError`.

    Reading a contact, a queue or figures that are None is such an error. Time grows with the size of the expression.
    """
    return _kept(expression)(Scene(agent, contact, queue, figures))


def compile_expression(expression: Expression) -> Evaluator:
    """Return a function that gives the value of ``expression``, for callers that keep it themselves."""
    match expression:
        case (
            BoolLiteral(value=value) | IntLiteral(value=value) | DecimalLiteral(value=value) | TextLiteral(value=value)
        ):
            return _constant(value)
        case Fault():
            return _constant(EvaluationError(expression, ""))
        case ListLiteral(items=items):
            return _list(items)
        case And(terms=terms):
            return _junction(terms, decisive=False)
        case Or(terms=terms):
            return _junction(terms, decisive=True)
        case Not() | Choice():
            return _branch(expression)
        case Compare() | InList():
            return _relation(expression)
        case Calculate() | Negation():
            return _calculation(expression)
        case TextSearch() | Size():
            return _text(expression)
        case Has() | InMap():
            return _presence(expression)
        case _:
            return _read(expression)


_kept: Final = lru_cache(maxsize=COMPILED_MAX)(compile_expression)


def _constant(value: Outcome) -> Evaluator:
    return lambda _: value


def _list(items: Sequence[Expression]) -> Evaluator:
    parts = tuple(compile_expression(item) for item in items)

    def collect(scene: Scene) -> Outcome:
        values: list[Value] = []
        for part in parts:
            value = part(scene)
            if isinstance(value, EvaluationError):
                return value
            values.append(value)
        return values

    return collect


# ---------------------------------------------------------------- logic


def _junction(terms: Sequence[Expression], *, decisive: bool) -> Evaluator:
    """``&&`` is decided by one false term, ``||`` by one true term; else the first error counts."""
    parts = tuple((compile_expression(term), EvaluationError(term, "is not a bool")) for term in terms)
    neutral = not decisive

    def join(scene: Scene) -> Outcome:
        error: EvaluationError | None = None
        for part, complaint in parts:
            value = part(scene)
            if value is decisive:
                return decisive
            if value is not neutral and error is None:
                error = value if isinstance(value, EvaluationError) else complaint
        return neutral if error is None else error

    return join


def _branch(expression: Not | Choice) -> Evaluator:
    condition_node = expression.operand if isinstance(expression, Not) else expression.condition
    condition = compile_expression(condition_node)
    complaint = EvaluationError(condition_node, "is not a bool")
    if isinstance(expression, Not):
        then, otherwise = _constant(False), _constant(True)
    else:
        then, otherwise = compile_expression(expression.then), compile_expression(expression.otherwise)

    def choose(scene: Scene) -> Outcome:
        value = condition(scene)
        if value is True:
            return then(scene)
        if value is False:
            return otherwise(scene)
        return value if isinstance(value, EvaluationError) else complaint

    return choose


# ---------------------------------------------------------------- relations


def is_equal(left: Value, right: Value) -> bool:
    """Return whether two values are equal in CEL: numbers by value, lists item by item, unlike types never."""
    kind = type(left)
    if kind in _NUMBERS:
        return type(right) in _NUMBERS and left == right
    if isinstance(left, _LISTS):
        if not isinstance(right, _LISTS) or len(left) != len(right):
            return False
        return all(is_equal(one, other) for one, other in zip(left, right, strict=True))
    return type(right) is kind and left == right


def _relation(expression: Compare | InList) -> Evaluator:
    if isinstance(expression, InList):
        return _membership(expression)
    left, right = compile_expression(expression.left), compile_expression(expression.right)
    if expression.operator in (Comparison.EQUAL, Comparison.UNEQUAL):
        return _equality(left, right, sought=expression.operator is Comparison.EQUAL)
    test = _TESTS[expression.operator]
    complaint = EvaluationError(expression, "compares things that have no common order")
    if isinstance(expression.right, (IntLiteral, DecimalLiteral)):
        return _order_against(left, test, expression.right.value, complaint)

    def order(scene: Scene) -> Outcome:
        one = left(scene)
        if isinstance(one, EvaluationError):
            return one
        other = right(scene)
        if isinstance(other, EvaluationError):
            return other
        kind = type(one)
        if (type(other) in _NUMBERS) if kind in _NUMBERS else (type(other) is kind and kind in _ORDERED):
            return test(one, other)
        return complaint

    return order


def _order_against(
    left: Evaluator, test: Callable[[Any, Any], bool], number: int | Decimal, complaint: EvaluationError
) -> Evaluator:
    """The commonest comparison, a number against a literal, with half the work."""

    def order(scene: Scene) -> Outcome:
        one = left(scene)
        if type(one) in _NUMBERS:
            return test(one, number)
        return one if isinstance(one, EvaluationError) else complaint

    return order


def _equality(left: Evaluator, right: Evaluator, *, sought: bool) -> Evaluator:
    def equal(scene: Scene) -> Outcome:
        one = left(scene)
        if isinstance(one, EvaluationError):
            return one
        other = right(scene)
        if isinstance(other, EvaluationError):
            return other
        return is_equal(one, other) is sought

    return equal


def _membership(expression: InList) -> Evaluator:
    item, container = compile_expression(expression.item), compile_expression(expression.container)
    complaint = EvaluationError(expression.container, "is not a list")
    # Against a list of text literals a set answers, whatever the length of the list.
    items = expression.container.items if isinstance(expression.container, ListLiteral) else None
    texts = frozenset(part.value for part in items or () if isinstance(part, TextLiteral))
    is_texts = items is not None and all(isinstance(part, TextLiteral) for part in items)

    def among_texts(scene: Scene) -> Outcome:
        value = item(scene)
        if type(value) is str:
            return value in texts
        return value if isinstance(value, EvaluationError) else False

    def among(scene: Scene) -> Outcome:
        value = item(scene)
        if isinstance(value, EvaluationError):
            return value
        values = container(scene)
        if isinstance(values, _LISTS):
            return any(is_equal(value, one) for one in values)
        return values if isinstance(values, EvaluationError) else complaint

    return among_texts if is_texts else among


# ---------------------------------------------------------------- numbers and texts


def _bounded(value: int | Decimal) -> int | Decimal | None:
    """Return ``value`` if it is within the limits of its type, else None."""
    if isinstance(value, int):
        return value if INT_MIN <= value <= INT_MAX else None
    if value.copy_abs() > DECIMAL_MAX:
        return None
    # The product of two decimals may have twice the digits; it is refused, never rounded.
    return value if value == _EXACT.quantize(value, Decimal((0, (1,), -DECIMAL_DIGITS_MAX))) else None


_WHOLE: Final[dict[Calculation, Callable[[int, int], int]]] = {
    Calculation.ADD: operator.add,
    Calculation.SUBTRACT: operator.sub,
    Calculation.MULTIPLY: operator.mul,
}
_DECIMAL: Final[dict[Calculation, Callable[[Decimal, Decimal], Decimal]]] = {
    Calculation.ADD: _EXACT.add,
    Calculation.SUBTRACT: _EXACT.subtract,
    Calculation.MULTIPLY: _EXACT.multiply,
}


def _calculation(expression: Calculate | Negation) -> Evaluator:
    if isinstance(expression, Negation):
        # Minus x is 0 - x: the same results, limits and errors.
        sign, right = Calculation.SUBTRACT, compile_expression(expression.operand)
        left = None
    else:
        sign, right = expression.operator, compile_expression(expression.right)
        left = compile_expression(expression.left)
    whole, decimal = _WHOLE[sign], _DECIMAL[sign]
    mixed = EvaluationError(expression, "needs two whole numbers or two decimals")
    beyond = EvaluationError(expression, "goes beyond the limits of its type")

    def calculate(scene: Scene) -> Outcome:
        one = None if left is None else left(scene)
        if isinstance(one, EvaluationError):
            return one
        other = right(scene)
        if isinstance(other, EvaluationError):
            return other
        if one is None:
            one = 0 if type(other) is int else Decimal(0)
        result: int | Decimal | None
        if type(one) is int and type(other) is int:
            result = _bounded(whole(one, other))
        elif type(one) is Decimal and type(other) is Decimal:
            result = _bounded(decimal(one, other))
        else:
            return mixed
        return beyond if result is None else result

    return calculate


_SEARCHES: Final[dict[Search, Callable[[str, str], bool]]] = {
    Search.STARTS_WITH: str.startswith,
    Search.ENDS_WITH: str.endswith,
    Search.CONTAINS: operator.contains,
}


def _text(expression: TextSearch | Size) -> Evaluator:
    if isinstance(expression, Size):
        return _size(expression)
    text, part = compile_expression(expression.text), compile_expression(expression.part)
    search = _SEARCHES[expression.method]
    complaint = EvaluationError(expression, "needs two texts")

    def find(scene: Scene) -> Outcome:
        one = text(scene)
        if isinstance(one, EvaluationError):
            return one
        other = part(scene)
        if isinstance(other, EvaluationError):
            return other
        return search(one, other) if type(one) is str and type(other) is str else complaint

    return find


def _size(expression: Size) -> Evaluator:
    operand = compile_expression(expression.operand)
    complaint = EvaluationError(expression.operand, "has no size: it is neither a text nor a list")

    def measure(scene: Scene) -> Outcome:
        value = operand(scene)
        if isinstance(value, (str, *_LISTS)):
            return len(value)
        return value if isinstance(value, EvaluationError) else complaint

    return measure


# ---------------------------------------------------------------- reads


def _read(read: Read) -> Evaluator:
    match read:
        case AgentId():
            return lambda scene: scene.agent.id
        case SkillLevel(skill=skill):
            return lambda scene: scene.agent.skills.get(skill, 0)
        case QueueRank(queue=name):
            return _entry(read, Map.QUEUES, name)
        case AgentAttribute(name=name):
            return _entry(read, Map.AGENT_ATTRIBUTES, name)
        case ContactAttribute(name=name):
            return _entry(read, Map.CONTACT_ATTRIBUTES, name)
        case QueueAttribute(name=name):
            return _entry(read, Map.QUEUE_ATTRIBUTES, name)
        case QueueFigure(figure=figure):
            return _figure(read, figure)
        case ContactTier():
            missing = EvaluationError(read, "is missing")
            return lambda scene: missing if scene.contact is None or scene.contact.tier is None else scene.contact.tier
        case ContactChannel():
            no_contact = EvaluationError(read, "is missing")
            return lambda scene: no_contact if scene.contact is None else scene.contact.channel
        case _:  # QueueId()
            no_queue = EvaluationError(read, "is missing")
            return lambda scene: no_queue if scene.queue is None else scene.queue.id


def _figure(read: Read, figure: str) -> Evaluator:
    field: Callable[[Figures], int] = operator.attrgetter(figure)
    missing = EvaluationError(read, "is missing")
    return lambda scene: missing if scene.figures is None else field(scene.figures)


_Owner: TypeAlias = Callable[[Scene], Mapping[str, Attribute] | None]

_OWNERS: Final[dict[Map, _Owner]] = {
    Map.SKILLS: lambda scene: scene.agent.skills,
    Map.QUEUES: lambda scene: scene.agent.queues,
    Map.AGENT_ATTRIBUTES: lambda scene: scene.agent.attributes,
    Map.CONTACT_ATTRIBUTES: lambda scene: None if scene.contact is None else scene.contact.attributes,
    Map.QUEUE_ATTRIBUTES: lambda scene: None if scene.queue is None else scene.queue.attributes,
}


def _entry(read: Read, known: Map, name: str) -> Evaluator:
    owner = _OWNERS[known]
    missing = EvaluationError(read, "is missing")

    def look_up(scene: Scene) -> Outcome:
        entries = owner(scene)
        return missing if entries is None else entries.get(name, missing)

    return look_up


def _presence(expression: Has | InMap) -> Evaluator:
    if isinstance(expression, InMap):
        return _lookup(expression)
    read = expression.read
    match read:
        case SkillLevel(skill=name):
            return _lookup(InMap(TextLiteral(name), Map.SKILLS))
        case QueueRank(queue=name):
            return _lookup(InMap(TextLiteral(name), Map.QUEUES))
        case AgentAttribute(name=name):
            return _lookup(InMap(TextLiteral(name), Map.AGENT_ATTRIBUTES))
        case ContactAttribute(name=name):
            return _lookup(InMap(TextLiteral(name), Map.CONTACT_ATTRIBUTES))
        case QueueAttribute(name=name):
            return _lookup(InMap(TextLiteral(name), Map.QUEUE_ATTRIBUTES))
        case ContactTier():
            no_contact = EvaluationError(ContactChannel(), "is missing")
            return lambda scene: no_contact if scene.contact is None else scene.contact.tier is not None
        case _:
            # Ids and the channel are always there, if their owner is.
            field = _read(read)
            return lambda scene: value if isinstance(value := field(scene), EvaluationError) else True


def _lookup(expression: InMap) -> Evaluator:
    key = compile_expression(expression.key)
    missing = EvaluationError(expression, "asks about something that is missing")
    owner = _OWNERS[expression.map]
    is_levels = expression.map is Map.SKILLS

    def look_up(scene: Scene) -> Outcome:
        value = key(scene)
        if isinstance(value, EvaluationError):
            return value
        entries = owner(scene)
        if entries is None:
            return missing
        # A level of 0 is the same as none.
        return type(value) is str and value in entries and (not is_levels or entries[value] != 0)

    return look_up

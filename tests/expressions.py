"""Expressions, agents, contacts and queues for property tests of the requirement language.

``expressions()`` gives any structure that the language can say. ``comparable_expressions()`` gives those on which an
independent implementation of CEL must agree to the letter; ``docs/reference/requirements.md`` lists what it leaves out.
"""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

from ccroute.requirement.syntax import (
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
    QueueId,
    QueueRank,
    Search,
    Size,
    SkillLevel,
    TextLiteral,
    TextSearch,
)
from ccroute.requirement.views import AgentView, ContactView, QueueView

# ---------------------------------------------------------------- whatever the language can say

_dotted = st.sampled_from(["a", "billing", "_x1", "If", "size", "has", "agent", "in_", "startsWith"])
_names = _dotted | st.sampled_from(["in", "true", "odd name", "1a", "русский", "carrier-pigeon", 'quo"te', "\\", "é`'"])
_decimals = st.decimals(-DECIMAL_MAX, DECIMAL_MAX, places=6).map(lambda value: value if value else Decimal(0))


def _reads(names: st.SearchStrategy[str]) -> st.SearchStrategy[Expression]:
    return st.one_of(
        st.sampled_from([AgentId(), ContactChannel(), ContactTier(), QueueId()]),
        *(names.map(kind) for kind in (SkillLevel, QueueRank, AgentAttribute, ContactAttribute, QueueAttribute)),
    )


_leaves: st.SearchStrategy[Expression] = st.one_of(
    st.booleans().map(BoolLiteral),
    st.integers(INT_MIN, INT_MAX).map(IntLiteral),
    st.integers(-2, 2).map(IntLiteral),
    _decimals.map(DecimalLiteral),
    st.text(max_size=6).map(TextLiteral),
    _reads(_names),
    _reads(_dotted).map(Has),
)


def _grow(inside: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    terms = st.lists(inside, min_size=2, max_size=4).map(tuple)
    return st.one_of(
        st.lists(inside, max_size=3).map(tuple).map(ListLiteral),
        st.builds(Not, inside),
        st.builds(Negation, inside),
        st.builds(And, terms),
        st.builds(Or, terms),
        st.builds(Compare, st.sampled_from(Comparison), inside, inside),
        st.builds(Calculate, st.sampled_from(Calculation), inside, inside),
        st.builds(InList, inside, inside),
        st.builds(InMap, inside, st.sampled_from(Map)),
        st.builds(Choice, inside, inside, inside),
        st.builds(TextSearch, st.sampled_from(Search), inside, inside),
        st.builds(Size, inside),
    )


def expressions() -> st.SearchStrategy[Expression]:
    """Any structure that a text can say, of any type, sensible or not."""
    return st.recursive(_leaves, _grow, max_leaves=12)


# ---------------------------------------------------------------- what CEL must agree on

SKILLS = ("billing", "english", "odd skill")
QUEUES = ("support", "loans")
# ``plain`` is ASCII, ``lang`` is not; ``count`` and ``share`` are numbers if they are there at all.
_ANY_NAMES = ("lang", "plain", "tags", "vip", "count", "share", "odd name")
_PLAIN = ("", "a", "ab", "de", "support", "billing", "lang", "a1")
_TEXTS = (*_PLAIN, "é", "😀", "\uffff", '"\\\n')
# Dyadic and small: what a double can say exactly, even multiplied.
_FRACTIONS = tuple(map(Decimal, ("-2.0", "-0.5", "0.0", "0.5", "1.0", "3.0")))
_WHOLES = (-2, -1, 0, 1, 3, 30)


def _attributes(draw: st.DrawFn) -> dict[str, bool | int | Decimal | str | list[str]]:
    texts = st.sampled_from(_TEXTS)
    plain = st.sampled_from(_PLAIN)
    # No decimals and lists where the name may serve as the key of a map.
    values: dict[str, st.SearchStrategy[bool | int | Decimal | str | list[str]]] = {
        "lang": texts | st.booleans() | st.sampled_from(_WHOLES),
        "plain": plain | st.lists(texts, max_size=3) | st.booleans(),
        "tags": st.lists(texts, max_size=3) | texts,
        "vip": st.booleans() | st.booleans() | texts,
        "count": st.sampled_from((*_WHOLES, INT_MAX, INT_MIN)),
        "share": st.sampled_from((*_FRACTIONS, *_WHOLES)),
        "odd name": st.booleans() | st.sampled_from(_FRACTIONS),
    }
    return {name: draw(value) for name, value in values.items() if draw(st.integers(0, 3))}


@st.composite
def agents(draw: st.DrawFn) -> AgentView:
    """An agent that lacks some of everything."""
    return AgentView(
        id=draw(st.sampled_from(["a1", "de"])),
        skills=draw(st.dictionaries(st.sampled_from(SKILLS), st.sampled_from([0, 1, 30, 100]))),
        attributes=_attributes(draw),
        queues=draw(st.dictionaries(st.sampled_from(QUEUES), st.sampled_from([1, 3]))),
    )


@st.composite
def contacts(draw: st.DrawFn) -> ContactView:
    """A contact that lacks some of everything."""
    return ContactView(
        channel=draw(st.sampled_from(["voice", "de"])),
        tier=draw(st.none() | st.sampled_from(_WHOLES)),
        attributes=_attributes(draw),
    )


@st.composite
def queues(draw: st.DrawFn) -> QueueView:
    """A queue that lacks some attributes."""
    return QueueView(id=draw(st.sampled_from(QUEUES)), attributes=_attributes(draw))


def _owned(*names: str) -> st.SearchStrategy[Expression]:
    owners = (AgentAttribute, ContactAttribute, QueueAttribute)
    return st.builds(lambda owner, name: owner(name), st.sampled_from(owners), st.sampled_from(names))


_skill_reads = st.sampled_from(SKILLS).map(SkillLevel)
_queue_reads = st.sampled_from(QUEUES).map(QueueRank)
_small = st.sampled_from(_WHOLES).map(IntLiteral) | st.sampled_from(_FRACTIONS).map(DecimalLiteral)
_asked = st.one_of(
    st.sampled_from(["billing", "english"]).map(SkillLevel),
    _queue_reads,
    _owned("lang", "vip", "count"),
    st.sampled_from([AgentId(), ContactChannel(), ContactTier(), QueueId()]),
)


def _numbers() -> st.SearchStrategy[Expression]:
    # ``-`` of a bool or of the least int is an error in CEL, but not in every implementation.
    negations = st.builds(Negation, _small | _skill_reads | _queue_reads | _owned("share"))
    leaves = st.one_of(
        _small,
        _skill_reads,
        _queue_reads,
        _owned("count", "share"),
        st.just(ContactTier()),
        st.sampled_from([INT_MAX, INT_MIN]).map(IntLiteral),
        negations,
    )
    pairs = st.builds(Calculate, st.sampled_from(Calculation), leaves, leaves)
    return leaves | pairs | st.builds(Calculate, st.sampled_from(Calculation), pairs, leaves)


def _texts() -> st.SearchStrategy[Expression]:
    literals = st.sampled_from(_TEXTS).map(TextLiteral)
    return literals | st.sampled_from([AgentId(), ContactChannel(), QueueId()]) | _owned("lang")


def _plain_sizes() -> st.SearchStrategy[Expression]:
    # The size of a text is its characters; some implementations count bytes, so only ASCII is compared.
    literals = st.sampled_from(_PLAIN).map(TextLiteral)
    return st.builds(Size, literals | _owned("plain") | _small)


def _bools(anything: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    return st.one_of(
        st.booleans().map(BoolLiteral),
        _owned("vip"),
        _asked.map(Has),
        st.builds(InMap, _texts() | st.sampled_from(_WHOLES).map(IntLiteral), st.sampled_from(Map)),
        st.builds(InList, anything, st.lists(anything, max_size=3).map(tuple).map(ListLiteral) | _owned("tags")),
        st.builds(Compare, st.sampled_from(Comparison), anything, anything),
        st.builds(Compare, st.sampled_from(Comparison), _numbers(), _numbers()),
        st.builds(TextSearch, st.sampled_from(Search), _texts(), _texts()),
    )


def _combine(inside: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    terms = st.lists(inside, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.builds(And, terms),
        st.builds(Or, terms),
        # Some implementations drop a pair of ! without a look at what it negates.
        inside.map(lambda node: node if isinstance(node, Not) else Not(node)),
        st.builds(Choice, inside, inside, inside),
        st.builds(Compare, st.sampled_from([Comparison.EQUAL, Comparison.UNEQUAL]), inside, inside),
    )


def comparable_expressions() -> st.SearchStrategy[Expression]:
    """An expression, mostly of bools, with type errors and missing names in it."""
    anything = _numbers() | _texts() | _plain_sizes() | _owned(*_ANY_NAMES) | st.booleans().map(BoolLiteral)
    return st.recursive(_bools(anything) | anything, _combine, max_leaves=8)

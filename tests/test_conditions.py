"""Conditions of plans: what they may read, what they mean, compared with an independent CEL, and what is refused."""

from __future__ import annotations

from decimal import Decimal

import cel
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccroute.errors import InvalidId, OutOfRange, RequirementError, WrongType
from ccroute.requirement import ContactView, EvaluationError, Figures, QueueView, fold, parse, parse_condition
from ccroute.requirement import syntax as s
from ccroute.requirement.conditions import Condition
from ccroute.requirement.meaning import evaluate
from ccroute.requirement.printing import print_expression
from tests.expressions import contacts, queues
from tests.test_requirement_meaning import AGENT, CONTACT, QUEUE, variables

FIGURES = Figures(waiting=12, oldest_us=90_000_000, online=3, available=2, away=1, free=0)


@pytest.mark.parametrize(
    ("text", "holds", "reads_figures"),
    [
        ("queue.waiting > 10", True, True),
        ("queue.waiting > 12 || queue.free == 0", True, True),
        ("queue.oldest_us >= 2 * 60000000", False, True),
        ("queue.online == queue.available + queue.away", True, True),
        ("has(queue.waiting)", True, True),
        ("size([queue.waiting, queue.free]) == 2", True, True),
        ("queue.waiting in [11, 12]", True, True),
        ("queue.waiting == 12.0", True, True),
        ("true ? queue.free == 0 : false", True, True),
        ("queue.id == 'support' && queue.attributes.site == 'north'", True, False),
        ("contact.channel == 'voice' && contact.tier == 5", True, False),
        ("contact.attributes.lang == 'de' && 'vip' in contact.attributes", True, False),
        ("contact.attributes.nope == 'x'", False, False),
        ("!(contact.attributes.nope == 'x')", False, False),
        ("contact.attributes.nope == 'x' || queue.waiting > 0", True, True),
        ("contact.attributes.vip", True, False),
        ("contact.attributes.lang", False, False),
        ("queue.waiting + 9223372036854775807 > 0", False, True),
        ("true", True, False),
    ],
)
def test_a_condition_holds_as_it_says(text: str, holds: bool, reads_figures: bool) -> None:
    condition = parse_condition(text)
    assert condition.holds(CONTACT, QUEUE, FIGURES) is holds
    assert condition.reads_figures is reads_figures
    assert parse_condition(condition.text) == condition
    assert parse_condition(text) is condition


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("agent.skills.billing > 0", 1, "a literal, contact, queue, has(…)"),
        ("queue.waiting > agent.id", 17, "a literal, contact, queue"),
        ("queue.waitin > 0", 7, "queue.free (did you mean waiting?)"),
        ("contact.requires == 'x'", 9, "contact.channel, contact.tier, contact.attributes"),
        ("'x' in agent.skills", 8, "a literal, contact, queue"),
        ("has(agent.skills.x)", 5, "a literal, contact, queue"),
        ("queue.waiting.size()", 1, "a condition, true or false (as in queue.waiting > 10)"),
        ("queue.waiting", 1, "a condition, true or false (as in queue.waiting > 10)"),
        ("queue.waiting >", 16, "a literal, contact"),
        ("", 1, "a literal, contact"),
    ],
)
def test_what_no_condition_says_is_told_at_its_column(text: str, column: int, words: str) -> None:
    with pytest.raises(RequirementError) as raised:
        parse_condition(text, argument="plan[0].if_")
    assert raised.value.argument == "plan[0].if_"
    assert raised.value.column == column
    assert words in raised.value.allowed


def test_texts_that_are_none_are_refused() -> None:
    class Text(str):
        __slots__ = ()

    parse_condition("true")
    for value, error in ((5, WrongType), (Text("true"), WrongType), ([], WrongType), ("x" * 8_193, OutOfRange)):
        with pytest.raises(error):
            parse_condition(value)  # type: ignore[arg-type]
    with pytest.raises(InvalidId):
        parse_condition("'\ud800' == 'x'")


def test_a_requirement_reads_no_figures() -> None:
    with pytest.raises(RequirementError) as raised:
        parse("queue.waiting > 10")
    assert (raised.value.column, raised.value.allowed) == (7, "queue.id, queue.attributes")
    assert evaluate(s.QueueFigure(s.Figure.FREE), AGENT, CONTACT, QUEUE).__class__ is EvaluationError


# ---------------------------------------------------------------- an independent CEL


@st.composite
def figures(draw: st.DrawFn) -> Figures:
    """Return figures of a queue, small ones mostly."""
    return Figures(**{figure: draw(st.integers(0, 3) | st.integers(0, 2**53)) for figure in s.Figure})


_READS: st.SearchStrategy[s.Expression] = st.one_of(
    st.sampled_from(s.Figure).map(s.QueueFigure),
    st.sampled_from([s.ContactChannel(), s.ContactTier(), s.QueueId()]),
    st.sampled_from(["lang", "vip", "count", "tags"]).map(s.ContactAttribute),
    st.sampled_from(["lang", "vip", "count"]).map(s.QueueAttribute),
)
_NUMBERS: st.SearchStrategy[s.Expression] = st.one_of(
    st.sampled_from(s.Figure).map(s.QueueFigure),
    st.integers(-1, 4).map(s.IntLiteral),
    st.sampled_from([Decimal("0.5"), Decimal("2.0")]).map(s.DecimalLiteral),
    st.builds(
        s.Calculate,
        st.sampled_from(s.Calculation),
        st.sampled_from(s.Figure).map(s.QueueFigure),
        st.integers(-1, 4).map(s.IntLiteral),
    ),
)
_BOOLS = st.one_of(
    st.builds(s.Compare, st.sampled_from(s.Comparison), _NUMBERS, _NUMBERS | _READS),
    st.builds(s.InList, _NUMBERS, st.lists(_NUMBERS, max_size=3).map(tuple).map(s.ListLiteral)),
    st.builds(s.Compare, st.just(s.Comparison.EQUAL), _READS, st.sampled_from(["voice", "de"]).map(s.TextLiteral)),
    _READS.filter(lambda read: not isinstance(read, (s.ContactAttribute, s.QueueAttribute))).map(s.Has),
    _READS,
)


def _combine(inside: st.SearchStrategy[s.Expression]) -> st.SearchStrategy[s.Expression]:
    terms = st.lists(inside, min_size=2, max_size=3).map(tuple)
    negated = inside.map(lambda node: node if isinstance(node, s.Not) else s.Not(node))
    return st.one_of(st.builds(s.And, terms), st.builds(s.Or, terms), negated, st.builds(s.Choice, *[inside] * 3))


CONDITIONS = st.recursive(_BOOLS, _combine, max_leaves=6).filter(lambda one: s.kind(one) in (s.Kind.BOOL, s.Kind.ANY))


@given(CONDITIONS, contacts(), queues(), figures())
def test_meaning_is_that_of_cel(
    expression: s.Expression, contact: ContactView, queue: QueueView, figures: Figures
) -> None:
    condition = parse_condition(print_expression(expression))
    assert condition.expression == expression
    seen = variables(AGENT, contact, queue)
    seen["queue"] = {**seen["queue"], **msgspec.structs.asdict(figures)}  # type: ignore[dict-item]
    del seen["agent"]
    try:
        expected = cel.evaluate(condition.text, seen) is True
    except (TypeError, KeyError, OverflowError, RuntimeError):
        expected = False
    assert condition.holds(contact, queue, figures) is expected


@given(CONDITIONS, contacts(), queues(), figures())
def test_a_folded_condition_has_the_same_value(
    expression: s.Expression, contact: ContactView, queue: QueueView, figures: Figures
) -> None:
    folded = Condition(fold(expression, contact, queue), True)
    assert folded.holds(contact, queue, figures) is Condition(expression, True).holds(contact, queue, figures)

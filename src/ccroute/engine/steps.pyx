"""Plans and limits that a contact brings, looked at as those of the configuration are: each error names step and field."""

from libc.stdint cimport int64_t

from ccroute.engine.checks cimport (
    EXCLUDED_TOP, PREFERRED_TOP, check_agents, check_attributes, check_flag, check_id, check_name, check_one_of,
    check_optional_one_of, check_optional_whole, check_scores, whole,
)

from ccroute.config.structs import Limits, PlanStep
from ccroute.errors import OutOfRange, WrongType
from ccroute.requirement import parse_condition
from ccroute.types import (
    CONTACTS_LIMIT, COST_MAX, DURATION_US_MAX, PLAN_AHEAD_MAX, PLAN_STEPS_MAX, REQUIREMENT_LENGTH_MAX, TIER_MAX, TIER_MIN,
    ChangeOffers, KeepsPlace, PlanOn, PlanOnOverflow, PreferredScope, RuleEnd,
)

cdef object STEP = PlanStep
cdef object LIMITS = Limits
cdef object RESTART = PlanOnOverflow.RESTART
cdef object KEEP = ChangeOffers.KEEP
cdef int64_t DURATION_MAX = DURATION_US_MAX
cdef int64_t TIER_LOW = TIER_MIN
cdef int64_t TIER_HIGH = TIER_MAX
cdef int64_t COST_HIGH = COST_MAX
cdef int64_t AHEAD_HIGH = PLAN_AHEAD_MAX
cdef int64_t LENGTH_HIGH = CONTACTS_LIMIT
cdef Py_ssize_t REQUIREMENT_LENGTH = REQUIREMENT_LENGTH_MAX
cdef Py_ssize_t STEPS_TOP = PLAN_STEPS_MAX


cdef int check_requires(Names names, object requires, str argument) except -1:
    """Raise unless a value is the text of a requirement. What was read before needs no second look."""
    if type(requires) is not str:
        raise WrongType(argument, requires, "None or a str, a requirement")
    if len(requires) > REQUIREMENT_LENGTH:
        raise OutOfRange(argument, len(requires), f"at most {REQUIREMENT_LENGTH_MAX} characters")
    if requires not in names.requirements:
        names.classes.requirement(requires, argument)
    return 0


cdef int check_limits(object limits, str argument) except -1:
    """Raise unless a value is a set of limits."""
    if type(limits) is not LIMITS:
        raise WrongType(argument, limits, "None or Limits")
    check_optional_whole(limits.length, f"{argument}.length", 1, LENGTH_HIGH)
    check_optional_whole(limits.in_queue_us, f"{argument}.in_queue_us", 1, DURATION_MAX)
    return check_optional_whole(limits.ttl_us, f"{argument}.ttl_us", 1, DURATION_MAX)


cdef int check_plan(Names names, object plan, str argument) except -1:
    """Raise unless a value is a list of steps."""
    cdef Py_ssize_t at = 0
    if type(plan) is not list:
        raise WrongType(argument, plan, "a list of PlanStep")
    if len(plan) > STEPS_TOP:
        raise OutOfRange(argument, len(plan), f"at most {PLAN_STEPS_MAX} steps")
    for step in plan:
        name = f"{argument}[{at}]"
        if type(step) is not STEP:
            raise WrongType(name, step, "a PlanStep")
        check_when(step, name)
        # Most steps change a few fields; what is not given costs nothing but the look.
        if check_patch_of(names, step, name) + check_acts(step, name) == 0:
            raise OutOfRange(name, step, "a step that patches a field or does something")
        at += 1
    return 0


cdef int check_when(object step, str name) except -1:
    """Look at what makes a step due."""
    cdef int count = (step.after is not None) + (step.on is not None) + (step.ahead is not None)
    check_optional_whole(step.after, f"{name}.after", 0, DURATION_MAX)
    check_optional_one_of(step.on, f"{name}.on", PlanOn)
    check_optional_whole(step.ahead, f"{name}.ahead", 1, AHEAD_HIGH)
    if count != 1:
        raise OutOfRange(name, step, "a step with exactly one of after, on and ahead")
    if step.if_ is not None:
        parse_condition(step.if_, argument=f"{name}.if_")
    return 0


cdef int check_patch_of(Names names, object step, str name) except -1:
    """Look at the fields that a step patches; return how many."""
    cdef int count = check_preferred_of(step, name)
    if step.channel is not None:
        check_name(names.channel_slots, step.channel, f"{name}.channel", "channel")
        count += 1
    if step.requires is not None:
        check_requires(names, step.requires, f"{name}.requires")
        count += 1
    if step.tier is not None:
        whole(step.tier, f"{name}.tier", TIER_LOW, TIER_HIGH)
        count += 1
    if step.head_start_us is not None:
        whole(step.head_start_us, f"{name}.head_start_us", -DURATION_MAX, DURATION_MAX)
        count += 1
    if step.excluded is not None:
        check_agents(step.excluded, f"{name}.excluded", EXCLUDED_TOP)
        count += 1
    if step.scores is not None:
        check_scores(step.scores, f"{name}.scores")
        count += 1
    if step.attributes is not None:
        check_attributes(step.attributes, f"{name}.attributes")
        count += 1
    if step.cost is not None:
        whole(step.cost, f"{name}.cost", 0, COST_HIGH)
        count += 1
    if step.keeps_place is not None:
        check_one_of(step.keeps_place, f"{name}.keeps_place", KeepsPlace)
        count += 1
    if step.queue is not None:
        check_name(names.queue_slots, step.queue, f"{name}.queue", "queue")
        count += 1
    return count


cdef int check_preferred_of(object step, str name) except -1:
    """Look at what a step says of preferred agents; return how many fields."""
    cdef int count = 0
    if step.preferred is not None:
        check_agents(step.preferred, f"{name}.preferred", PREFERRED_TOP)
        count += 1
    if step.preferred_wait_us is not None:
        whole(step.preferred_wait_us, f"{name}.preferred_wait_us", 0, DURATION_MAX)
        count += 1
    if step.preferred_scope is not None:
        check_one_of(step.preferred_scope, f"{name}.preferred_scope", PreferredScope)
        count += 1
    if step.preferred_requires is not None:
        check_flag(step.preferred_requires, f"{name}.preferred_requires")
        count += 1
    return count


cdef int check_acts(object step, str name) except -1:
    """Look at what a step does besides; return how many things."""
    cdef int count = 0
    cdef bint parks = step.park is not False
    cdef bint calls_back = step.callback is not False
    cdef bint ends = step.end is not None
    if step.plan is not RESTART:
        check_one_of(step.plan, f"{name}.plan", PlanOnOverflow)
        if step.queue is None:
            raise OutOfRange(f"{name}.plan", step.plan, "PlanOnOverflow.RESTART where no queue is given")
    if step.offers is not KEEP:
        check_one_of(step.offers, f"{name}.offers", ChangeOffers)
    if step.report is not None:
        check_id(step.report, f"{name}.report")
        count += 1
    if parks and step.park is not True:
        if type(step.park) is not int:
            raise WrongType(f"{name}.park", step.park, f"True, False or an integer from 1 to {DURATION_MAX}")
        whole(step.park, f"{name}.park", 1, DURATION_MAX)
    if calls_back:
        check_flag(step.callback, f"{name}.callback")
    check_optional_one_of(step.end, f"{name}.end", RuleEnd)
    if calls_back and (parks or step.queue is not None):
        raise OutOfRange(f"{name}.callback", step.callback, "False where park or queue is given")
    if ends and (parks or calls_back or step.queue is not None):
        raise OutOfRange(f"{name}.end", step.end, "None where park, callback or queue is given")
    return count + parks + calls_back + ends

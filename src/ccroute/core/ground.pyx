"""A floor and how it is built: channels, selects, queues, policies, profiles, agents, classes and what they serve.

Everything here is Python-callable and happens before the commands that need it. Slots are dense and start at 0; -1 stands
for none.
"""

from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.string cimport memset

from ccroute.core.contacts cimport step_reserve
from ccroute.core.defs cimport (
    CONTACTS_TOP, NONE, ORDERS_MAX, PREEMPT_WORK, SELECT_LISTED, SELECT_SKILL_SUM, Bar, ContactClass, Floor, Leg, Policy, Queue,
    Hours, Plan, Select, Step, Timer, WHEN_AFTER, WHEN_NOBODY, agent_at,
)
from ccroute.core.courses cimport courses_close, courses_open
from ccroute.core.extras cimport extras_close, extras_open
from ccroute.core.giving cimport Trial
from ccroute.core.offers cimport offers_close, offers_open
from ccroute.core.plans cimport LED_MAX, forget_led, hours_arm
from ccroute.core.rows cimport row_clear, row_set, rows_forget
from ccroute.core.roster cimport (
    agent_attach, agent_detach, agent_open, agent_place, kind_checked, kind_of, profile_open, profiles_forget,
    roster_close, roster_open,
)
from ccroute.core.store cimport fresh, grow, release, slots_append, slots_drop, slots_reserve, store_close, store_open
from ccroute.core.timers cimport timer_cancel, timers_open
from ccroute.core.waiting cimport class_close, class_open, waiting_close, waiting_open

cdef enum:
    RANK_IN_GAP = 78              # where a pair's word has the rank, see waiting.pyx
    RANK_ABOVE_ALL = 120
    STORE_MAX = 16777216


cdef class Ground:
    """One floor, as it is built."""

    def __cinit__(
        self, *, channels, selects, int contacts_max, int classes_max, int64_t idle_grace_us,
        int64_t retain_us, bint ranks_first=False,
    ):
        cdef Floor* floor = &self.floor
        memset(floor, 0, sizeof(Floor))
        floor.idle_grace = idle_grace_us
        floor.retain = retain_us
        floor.next_leg_seq = 1
        floor.ranks_first = ranks_first
        floor.rank_shift = RANK_ABOVE_ALL if ranks_first else RANK_IN_GAP
        floor.kind_bits = 1
        floor.tries = 1
        floor.guard_timer = NONE
        floor.unattached = NONE
        floor.no_queue = NONE
        self.open_channels(channels)
        self.open_selects(selects)
        room(waiting_open(floor, contacts_max, classes_max))
        room(roster_open(floor))
        room(offers_open(floor, STORE_MAX))
        room(store_open(&floor.legs, sizeof(Leg), STORE_MAX))
        room(store_open(&floor.bars, sizeof(Bar), STORE_MAX))
        room(store_open(&floor.timers, sizeof(Timer), STORE_MAX))
        room(extras_open(floor, CONTACTS_TOP))
        room(courses_open(floor, CONTACTS_TOP))
        self.open_plans()
        timers_open(floor)
        room(step_reserve(floor, 1))

    def __dealloc__(self):
        cdef Floor* floor = &self.floor
        cdef int32_t at
        waiting_close(floor)
        roster_close(floor)
        offers_close(floor)
        store_close(&floor.legs)
        store_close(&floor.bars)
        store_close(&floor.timers)
        extras_close(floor)
        courses_close(floor)
        for at in range(floor.plan_count):
            release(floor.plans[at].steps)
        release(floor.plans)
        release(floor.led_keys)
        release(floor.led_classes)
        for at in range(floor.queue_count):
            release(floor.queues[at].hours.moments)
        release(floor.loose.items)
        release(floor.trials)
        for at in range(floor.select_count):
            release(floor.selects[at].listed)
        release(floor.selects)
        release(floor.queues)
        release(floor.policies)
        release(floor.records)

    # ---- building ----------------------------------------------------------------------------------------------

    cdef int open_channels(self, channels) except -1:
        """Read (cost, away_after, suspendable, bits of the channels it interrupts, live, is callback) per channel."""
        cdef Floor* floor = &self.floor
        cdef int at, other
        floor.channel_count = len(channels)
        for at, (cost, away_after, suspendable, interrupts, live, is_callback) in enumerate(channels):
            floor.channels[at].live = live
            floor.channels[at].is_callback = is_callback
            floor.channels[at].cost = cost
            floor.channels[at].away_after = away_after
            floor.channels[at].suspendable = suspendable
            floor.channels[at].interrupts = interrupts
            floor.interrupted |= floor.channels[at].interrupts
        for at in range(floor.channel_count):
            for other in range(floor.channel_count):
                floor.channels[at].interrupted_by |= ((floor.channels[other].interrupts >> at) & 1) << other
        if floor.interrupted:
            self.let_suspend()
        return 0

    cdef void let_suspend(self) noexcept:
        """Work can be suspended on this floor."""
        self.floor.suspends = True
        self.floor.is_lively = True
        self.floor.kind_bits = 7

    cdef int open_selects(self, selects) except -1:
        """Read (keys, reversed, listed positions or None) per select; the first is idle alone. Finds the orders to keep."""
        cdef Floor* floor = &self.floor
        cdef Select* select
        cdef int32_t at
        orders = {(): 0}          # agents' own keys none: within a pool, idle decides
        floor.selects = <Select*>fresh(len(selects), sizeof(Select))
        if floor.selects == NULL:
            raise MemoryError
        for keys, reverses, listed in selects:
            select = &floor.selects[floor.select_count]
            for at in range(len(keys)):
                select.keys[at] = keys[at]
                select.reversed[at] = reverses[at]
            select.count = len(keys)
            select.order = NONE
            own = tuple((key, turn) for key, turn in zip(keys, reverses) if key < SELECT_SKILL_SUM)
            if not any(key >= SELECT_LISTED for key in keys):
                # Within a pool only an agent's own keys differ; the select that has just them defines the order.
                if own in orders:
                    select.order = orders[own]
                elif len(own) == len(keys) and floor.order_count < ORDERS_MAX:
                    select.order = orders[own] = floor.order_count
                    floor.orders[floor.order_count] = floor.select_count
                    floor.order_count += 1
            if listed is not None:
                select.listed_size = len(listed)
                select.listed = <int32_t*>fresh(len(listed), sizeof(int32_t))
                if select.listed == NULL:
                    raise MemoryError
                for at in range(len(listed)):
                    select.listed[at] = listed[at]
            floor.select_count += 1
        return 0

    def add_queue(
        self, *, int select, int mode, int64_t offer_timeout_us, int64_t wrap_up_us, int64_t cooldown_us, int offers_max,
        int away_after, int ageing, int tier, int64_t head_start_us, int cost, int keeps_place, bint paused, int k=1,
        int offers_min=1, int64_t overdue_after_us=-1, int preempt=0, int preempt_from=1, bint requeues_victim=False,
        int64_t preempt_guard_us=0, int displaced_max=2, int displaced_work_max=-1, int slot=-1,
    ) -> int:
        """Add a queue and return its slot; ``wrap_up_us`` -1 is unlimited, ``away_after`` and ``cost`` -1 not given.

        ``slot``: state anew what holds for the queue of this slot; what stands in it is not looked at.
        """
        cdef Floor* floor = &self.floor
        cdef Queue* queue
        if slot == NONE:
            room(grow(<void**>&floor.queues, floor.queue_count, floor.queue_count + 1, sizeof(Queue)))
            slot = floor.queue_count
            floor.queue_count += 1
            queue = &floor.queues[slot]
            queue.plan = NONE
            queue.length_max = NONE
            queue.in_queue_max = NONE
            queue.ttl = NONE
            queue.hours.timer = NONE
            queue.hours.queue = NONE
        queue = &floor.queues[slot]
        queue.select = select
        queue.mode = mode
        queue.offer_timeout = offer_timeout_us
        queue.wrap_up = wrap_up_us
        queue.cooldown = cooldown_us
        queue.offers_max = offers_max
        queue.away_after = away_after
        queue.ageing = ageing
        queue.tier = tier
        queue.head_start = head_start_us
        queue.cost = cost
        queue.keeps_place = keeps_place
        queue.paused = paused
        queue.k = k
        queue.offers_min = offers_min
        queue.overdue_after = overdue_after_us
        queue.preempt = preempt
        queue.preempt_from = preempt_from
        queue.requeues_victim = requeues_victim
        queue.guard = preempt_guard_us
        queue.displaced_max = displaced_max
        queue.displaced_work_max = displaced_work_max
        if preempt:
            floor.preempts = True
            floor.is_lively = True
            floor.guards |= preempt_guard_us > 0
            if preempt == PREEMPT_WORK:
                self.let_suspend()
        return slot

    cdef int open_plans(self) except -1:
        """Begin without plans."""
        cdef Floor* floor = &self.floor
        floor.led_keys = <int64_t*>fresh(LED_MAX, sizeof(int64_t))
        floor.led_classes = <int32_t*>fresh(LED_MAX, sizeof(int32_t))
        if floor.led_keys == NULL or floor.led_classes == NULL:
            raise MemoryError
        forget_led(floor)
        return 0

    def rule_queue(
        self, int queue, *, int plan=-1, int length_max=-1, int64_t in_queue_us=-1, int64_t ttl_us=-1,
        int64_t preferred_wait_us=0, bint prefers_anyone=False, bint prefers_requires=True, bint prefers_away=False,
        int prefers_max=0, bint calls_back=False, int attempts_max=1, int64_t retry_us=0, int64_t callback_expires_us=0,
    ) -> None:
        """Say what time does to contacts of a queue; -1: nothing, or no limit."""
        cdef Queue* one = &self.floor.queues[queue]
        one.plan = plan
        one.length_max = length_max
        one.in_queue_max = in_queue_us
        one.ttl = ttl_us
        one.preferred_wait = preferred_wait_us
        one.prefers_anyone = prefers_anyone
        one.prefers_requires = prefers_requires
        one.prefers_away = prefers_away
        one.prefers_max = prefers_max
        one.calls_back = calls_back
        one.attempts_max = attempts_max
        one.retry = retry_us
        one.callback_expires = callback_expires_us
        one.is_ruled = plan != NONE or length_max != NONE or in_queue_us != NONE or ttl_us != NONE or one.hours.is_kept

    def set_hours(self, int queue, moments, int action=0, int to_queue=-1, bint keeps_plan=False, bint closes_waiting=False) -> None:
        """Give a queue the moments at which it opens and closes in turn, and what it does while it is closed.

        Those up to the present have gone by. None at all: it is always closed.
        """
        cdef Floor* floor = &self.floor
        cdef Hours* hours = &floor.queues[queue].hours
        cdef int32_t at
        cdef int64_t* into = NULL
        if moments:
            into = <int64_t*>fresh(len(moments), sizeof(int64_t))
            if into == NULL:
                raise MemoryError
        room(step_reserve(floor, 1))
        release(hours.moments)
        hours.moments = into
        hours.count = len(moments)
        hours.passed = 0
        for at in range(hours.count):
            into[at] = moments[at]
            hours.passed += into[at] <= floor.now
        hours.action = action
        hours.queue = to_queue
        hours.keeps_plan = keeps_plan
        hours.closes_waiting = closes_waiting
        hours.is_kept = True
        floor.queues[queue].is_ruled = True
        hours_arm(floor, queue)

    def unset_hours(self, int queue) -> None:
        """Have a queue be always open."""
        cdef Hours* hours = &self.floor.queues[queue].hours
        release(hours.moments)
        timer_cancel(&self.floor, hours.timer)
        memset(hours, 0, sizeof(Hours))
        hours.timer = NONE
        hours.queue = NONE

    def add_plan(self, int queue, steps) -> int:
        """Add a plan and return its number, the lowest that nobody carries; ``queue`` -1: of contacts that bring it.

        Steps are dicts with the fields of Step.
        """
        cdef Floor* floor = &self.floor
        cdef int32_t number = 0
        cdef Plan* plan
        cdef int32_t at
        while number < floor.plan_count and floor.plans[number].in_use:
            number += 1
        if number == floor.plan_count:
            room(grow(<void**>&floor.plans, floor.plan_count, floor.plan_count + 16, sizeof(Plan)))
            floor.plan_count += 16
        plan = &floor.plans[number]
        plan.steps = <Step*>fresh(len(steps) + 1, sizeof(Step))
        if plan.steps == NULL:
            raise MemoryError
        plan.count = len(steps)
        plan.queue = queue
        plan.refs = 0
        plan.in_use = True
        for at, step in enumerate(steps):
            self.set_step(&plan.steps[at], step)
        timed = sorted((step["after"], at) for at, step in enumerate(steps) if step["when"] == WHEN_AFTER)
        plan.timed_count = len(timed)
        for at in range(plan.timed_count):
            plan.timed[at] = timed[at][1]
        forget_led(floor)
        return number

    cdef int set_step(self, Step* one, dict step) except -1:
        one.when = step["when"]
        one.after = step["after"]
        one.ahead = step["ahead"]
        one.asks = step["asks"]
        one.fields = step["fields"]
        one.queue = step["queue"]
        one.keeps_plan = step["keeps_plan"]
        one.tier = step["tier"]
        one.head_start = step["head_start"]
        one.place = step["place"]
        one.offers = step["offers"]
        one.reports = step["reports"]
        one.park = step["park"]
        one.calls_back = step["calls_back"]
        one.end = step["end"]
        self.floor.waits_for_nobody |= one.when == WHEN_NOBODY
        return 0

    def plan_refs(self, int number) -> int:
        """Return how many contacts carry a plan, or keep it from a queue they have left."""
        return self.floor.plans[number].refs

    def is_plan_left(self, int number) -> bool:
        """Say whether no contact carries a plan or is ruled by it, and it is no queue's any more."""
        cdef Plan* plan = &self.floor.plans[number]
        if plan.refs or plan.rulings:
            return False
        return plan.queue == NONE or self.floor.queues[plan.queue].plan != number

    def drop_plan(self, int number) -> None:
        """Free a plan that is left, for ``add_plan`` to use its number again."""
        release(self.floor.plans[number].steps)
        memset(&self.floor.plans[number], 0, sizeof(Plan))

    def add_policy(self, uint64_t open_channels, costs, maxes, reserves=None, int slot=-1) -> int:
        """Add what some agents take of each channel and return its slot; -1 in a list: not given, of reserves 0: none.

        ``slot``: in place of one that no agent has any more.
        """
        cdef Floor* floor = &self.floor
        cdef Policy* policy
        cdef int at
        if slot == NONE:
            room(grow(<void**>&floor.policies, floor.policy_count, floor.policy_count + 1, sizeof(Policy)))
            slot = floor.policy_count
            floor.policy_count += 1
        policy = &floor.policies[slot]
        memset(policy, 0, sizeof(Policy))
        policy.open = open_channels
        for at in range(floor.channel_count):
            policy.cost[at] = costs[at]
            policy.max[at] = maxes[at]
            if reserves is not None:
                policy.reserve[at] = reserves[at]
                policy.has_reserve |= policy.reserve[at] > 0
                # What an agent keeps for one channel hangs on what it has in hand there.
                floor.is_lively |= policy.has_reserve
        return slot

    def queue_count(self) -> int:
        """Return how many queues there are."""
        return self.floor.queue_count

    def policy_count(self) -> int:
        """Return how many policies there are."""
        return self.floor.policy_count

    def add_profile(self) -> int:
        """Add a profile that no class goes with and return its slot."""
        return room(profile_open(&self.floor))

    def add_agent(self, int profile, int policy, int capacity, int offers_max) -> int:
        """Add an agent, offline, and return its slot."""
        return room(agent_open(&self.floor, profile, policy, capacity, offers_max))

    def set_lease(self, int agent, int64_t lease_us, int64_t grace_us) -> None:
        """Say how long an agent may be silent (-1: for ever), and how long it then keeps its work."""
        agent_at(&self.floor, agent).lease = lease_us
        agent_at(&self.floor, agent).grace = grace_us

    def move_agent(self, int agent, int profile) -> None:
        """Put an agent into another profile that serves the same live classes."""
        agent_detach(&self.floor, agent)
        agent_place(&self.floor, agent, profile)
        agent_attach(&self.floor, agent)

    def forget_profiles(self) -> None:
        """Forget all profiles and what classes they serve. New ones, agents, serve and value must follow before anything else."""
        rows_forget(&self.floor)
        profiles_forget(&self.floor)

    def place_agent(self, int agent, int profile) -> None:
        """Put an agent into a profile after forget_profiles."""
        self.move_agent(agent, profile)

    def open_class(self, int queue, int channel, int own_cost, bint is_slow=False, bint is_preferring=False) -> int:
        """Open a class nobody serves yet and return its slot.

        ``own_cost`` -1: contacts bring none. Slow: its contacts say by themselves which agents they allow; preferring: and
        those are the ones they prefer.
        """
        cdef Floor* floor = &self.floor
        cdef int32_t kind, slot
        if is_slow or floor.queues[queue].offers_min > 1:
            kind = room(kind_checked(floor))
        else:
            kind = room(kind_of(floor, channel, own_cost, floor.queues[queue].cost, floor.queues[queue].mode != 0))
        if floor.queues[queue].preempt:
            room(slots_reserve(&floor.preempting, floor.preempting.count + 1))
            room(self.grow_trials())
        if floor.queues[queue].offers_min > 1:
            room(slots_reserve(&floor.sociable, floor.sociable.count + 1))
        slot = room(class_open(floor, queue, channel, own_cost, kind))
        floor.classes[slot].is_slow = is_slow
        floor.classes[slot].is_preferring = is_preferring
        if floor.queues[queue].preempt:
            slots_append(&floor.preempting, slot)
        if floor.queues[queue].offers_min > 1:
            slots_append(&floor.sociable, slot)
        return slot

    cdef int grow_trials(self) except -1:
        """Make room for a trial of each class that pre-empts."""
        cdef Floor* floor = &self.floor
        cdef int32_t capacity
        if floor.preempting.count < floor.trials_capacity:
            return 0
        capacity = 2 * floor.trials_capacity + 16
        room(grow(&floor.trials, floor.trials_capacity, capacity, sizeof(Trial)))
        floor.trials_capacity = capacity
        return 0

    def link_class(self, int class_slot, int next_stage, int64_t after_us, int companion) -> None:
        """Say which class the contacts of one go to once they are ``after_us`` in the queue, and where they stand offered."""
        cdef Floor* floor = &self.floor
        floor.classes[class_slot].next_stage = next_stage
        floor.classes[class_slot].next_after = after_us
        floor.classes[class_slot].companion = companion
        if next_stage != NONE:
            floor.classes[next_stage].first_stage = floor.classes[class_slot].first_stage

    def close_class(self, int class_slot) -> None:
        """Free a class without contacts."""
        cdef Floor* floor = &self.floor
        slots_drop(&floor.preempting, class_slot)
        slots_drop(&floor.sociable, class_slot)
        row_clear(floor, class_slot)
        class_close(floor, class_slot)
        self.floor.led_is_stale = True

    def class_refs(self, int class_slot) -> int:
        """Return the number of live contacts of a class."""
        return self.floor.classes[class_slot].refs

    def serve(self, int class_slot, int rank, profiles) -> None:
        """Say that agents of some profiles (slots) serve a class at a rank."""
        cdef int32_t profile
        for profile in profiles:
            room(row_set(&self.floor, class_slot, profile, rank))

    def value(self, int class_slot, int profile, bint is_score, int64_t value) -> None:
        """State the skill sum or score of a profile for a class whose queue selects by it."""
        cdef ContactClass* one = &self.floor.classes[class_slot]
        cdef int64_t** values = &one.scores if is_score else &one.skill_sums
        if values[0] == NULL:
            values[0] = <int64_t*>fresh(self.floor.profile_capacity, sizeof(int64_t))
            if values[0] == NULL:
                raise MemoryError
        values[0][profile] = value

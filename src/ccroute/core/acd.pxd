from libc.stdint cimport int32_t, int64_t

from ccroute.core.defs cimport Extra, Path, Terms
from ccroute.core.sight cimport Sight

cdef enum:                        # ContactCommand: rows of table.CONTACT_TABLE that can refuse
    COMMAND_ENQUEUE = 0
    COMMAND_ABANDON = 1
    COMMAND_CANCEL = 2
    COMMAND_PARK = 3
    COMMAND_UNPARK = 4
    COMMAND_EXPEDITE = 6

cdef enum:                        # LegCommand: rows of table.LEG_TABLE that can refuse
    COMMAND_HOLD = 0
    COMMAND_RESUME = 1
    COMMAND_COMPLETE = 2
    COMMAND_TRANSFER = 3
    COMMAND_END_WRAP_UP = 4
    COMMAND_EXTEND_WRAP_UP = 5
    COMMAND_CONSULT = 6
    COMMAND_JOIN = 7
    COMMAND_LEAVE = 8
    COMMAND_REQUEUE = 9
    COMMAND_CONNECT_FAILED = 10

cdef class Acd(Sight):
    cdef bint is_torn             # memory ran out after something had moved: nothing but closing is left
    cdef int64_t broken           # rules behind the last refusal for want of eligibility, as WhyNot bits
    cdef int reserve(self, int32_t times) except -1
    cdef int settle(self) except -1
    cdef int run_until(self, int64_t to) except -1
    cdef void forget_one(self, int32_t slot) noexcept
    cdef int can_enqueue(self, int32_t contact) noexcept
    cdef int32_t begin(self, int32_t class_slot, Terms* terms, Extra* ready) noexcept
    cdef int32_t enqueue(self, int32_t class_slot, Terms* terms) except -1
    cdef int32_t come(self, int32_t class_slot, Terms* terms, Path* path, bint parked) except -1
    cdef int drop_returned(self, int32_t callback, int32_t by) except -1
    cdef int answered(self, int answer) except -1
    cdef int expedite(self, int32_t contact) except -1
    cdef int heartbeat(self, int32_t agent) except -1
    cdef int abandon(self, int32_t contact) except -1
    cdef int cancel(self, int32_t contact) except -1
    cdef int accept(self, int64_t offer) except -1
    cdef int decline(self, int64_t offer, int cool_kind, int64_t cool, int next_presence, int pending) except -1
    cdef int why_leg(self, int command, int32_t contact, int32_t agent) noexcept
    cdef int no_leg(self, int32_t contact, int reason) noexcept
    cdef int not_eligible(self, int64_t broken) noexcept
    cdef int on_leg(self, int command, int32_t contact, int32_t agent, int64_t wrap_up) except -1
    cdef int complete(self, int32_t contact, int32_t agent, int64_t wrap_up, bint own_wrap_up) except -1
    cdef int why_nobody_works(self, int32_t contact) noexcept
    cdef int can_transfer(self, int32_t contact, int32_t agent, int32_t to_agent) noexcept
    cdef int64_t why_not_to(self, int32_t contact, int32_t to_agent) noexcept
    cdef int transfer(
        self, int32_t contact, int32_t agent, int32_t class_slot, int32_t to_agent, bint warm, int keeps_place,
        bint unanswered_to_queue, Terms* terms, Path* path,
    ) except -1
    cdef int can_consult(self, int32_t contact, int32_t agent, int32_t to_agent) noexcept
    cdef int32_t consult(self, int32_t contact, int32_t class_slot, Terms* terms, int32_t to_agent) except -1
    cdef int can_join(self, int32_t contact, int32_t agent, int32_t to_agent) noexcept
    cdef int join(self, int32_t contact, int32_t agent, int32_t class_slot, int32_t to_agent, Terms* terms) except -1
    cdef int leave(self, int32_t contact, int32_t agent) except -1
    cdef int why_not_back(self, int command, int32_t contact, int32_t agent) noexcept
    cdef int requeue(self, int32_t contact, int32_t agent, int cool_kind, int64_t cool) except -1
    cdef int connect_failed(self, int32_t contact, int32_t agent, int cool_kind, int64_t cool) except -1
    cdef int park(self, int32_t contact, bint clock_runs, int64_t until) except -1
    cdef int unpark(self, int32_t contact) except -1
    cdef int can_go_over(self, int32_t contact, int32_t channel, int32_t own_cost, int32_t queue, int32_t tier) noexcept
    cdef int can_change_channel(self, int32_t contact, int32_t channel, int32_t own_cost, bint or_requeue) noexcept
    cdef int change_channel(self, int32_t contact, int32_t class_slot, bint or_requeue, Terms* terms) except -1
    cdef int can_change(self, int32_t contact, int32_t channel, int32_t own_cost, int32_t queue, int32_t tier) noexcept
    cdef int change_now(
        self, int32_t contact, int32_t class_slot, Terms* terms, Path* path, int place, int offers, int parked
    ) except -1
    cdef int why_not_taken(self, int32_t contact) noexcept
    cdef int pick(self, int32_t contact, int32_t agent, int64_t known) except -1
    cdef int assign(self, int32_t contact, int32_t agent, int64_t known, int64_t ignored, bint as_active) except -1
    cdef int presence(self, int32_t agent, int presence, int pending, bint when_done) except -1
    cdef int load(self, int32_t agent, int32_t channel, int32_t units) except -1
    cdef int pause(self, int32_t queue, bint paused) except -1
    cdef void be_born(self, int32_t contact, int64_t due) noexcept
    cdef int32_t version_of(self, int32_t contact) noexcept

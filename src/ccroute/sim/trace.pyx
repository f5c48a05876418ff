"""The loop of a simulation: contacts arrive, are served and leave in virtual time, all decisions taken by the core.

At one instant services end first, then contacts leave, then others arrive; each is a command of its own with its own
decision. On a floor where work is broken off, a contact that goes back to its place brings the work that is left. No
Python object is made per contact. Memory grows with the contacts given, the core's with those inside.
"""

cimport cython
from cpython.array cimport array, clone
from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset

from ccroute.core.acd cimport Acd
from ccroute.core.defs cimport (
    AVAILABLE, END_PREEMPTED, NONE, PENDING_DECLINE, RECORD_ACTIVE, RECORD_LEG_ENDED, Record, Terms,
)
from ccroute.sim.agenda cimport (
    PATIENCE_ENDS, SEQ_BITS, SERVICE_ENDS, Agenda, Entry, agenda_close, agenda_open, agenda_put, agenda_take,
)

from ccroute.errors import OutOfRange
from ccroute.sim.arrivals import Assignments

cdef enum:
    AGENDA_FIRST = 1024
    WAITS_FOR_EVER = -1

cdef int64_t TIME_MAX = <int64_t>1 << 61
cdef uint64_t NOTHING = <uint64_t>-1          # as an order on the agenda: none has it


def open_doors(Acd acd) -> None:
    """Make every agent of a floor available, in the order of their slots, at the floor's present moment."""
    cdef int32_t agent
    for agent in range(acd.floor.agents.count):
        acd.presence(agent, AVAILABLE, PENDING_DECLINE, False)
        acd.floor.record_count = 0


def simulate(Acd acd, arrivals, *, bint breaks_off=False) -> Assignments:
    """Serve ``arrivals`` on a floor whose doors are open, until nothing more happens, and return what became of them.

    O(contacts · (log waiting and served + one decision)).

    :param breaks_off: a queue of the floor pre-empts work, whose contact then goes back to its place.

    :raises OutOfRange: an array is shorter than the others, or a value in it is not what :class:`Arrivals` allows.
    """
    cdef Loop loop = Loop(acd, arrivals, breaks_off)
    loop.run()
    return Assignments(start_us=loop.start_us_of, agent=loop.agent_of, end_us=loop.end_us_of)


@cython.final
cdef class Loop:
    """One simulation under way."""

    cdef Acd acd
    cdef Agenda agenda
    cdef const int64_t[::1] arrival_us      # by contact index
    cdef const int32_t[::1] class_slot
    cdef const int32_t[::1] tier
    cdef const int64_t[::1] service_us
    cdef const int64_t[::1] patience_us
    cdef int64_t[::1] start_us
    cdef int32_t[::1] agent                 # who works on it or did, NONE: it waits or left
    cdef int64_t[::1] end_us
    cdef array start_us_of
    cdef array agent_of
    cdef array end_us_of
    cdef int32_t* slots                     # by contact index: its slot while inside
    cdef int32_t* indices                   # by contact slot: its index
    cdef int64_t* rest_us                   # by contact index: work that was left when an agent began; NULL: all of it
    cdef int64_t* begun_us                  # by contact index: when its agent began
    cdef uint64_t* ends                     # by contact index: order of the end of work on the agenda; others are void
    cdef Terms terms                        # of the contact that comes in
    cdef bint breaks_off
    cdef int32_t count

    def __cinit__(self, Acd acd, arrivals, bint breaks_off):
        self.acd = acd
        self.breaks_off = breaks_off
        self.arrival_us = arrivals.arrival_us
        self.class_slot = arrivals.class_slot
        self.tier = arrivals.tier
        self.service_us = arrivals.service_us
        self.patience_us = arrivals.patience_us
        self.count = <int32_t>len(arrivals)
        self.check(arrivals)
        self.start_us_of = clone(arrivals.arrival_us, self.count, False)
        self.agent_of = clone(arrivals.tier, self.count, False)
        self.end_us_of = clone(arrivals.arrival_us, self.count, False)
        self.start_us = self.start_us_of
        self.agent = self.agent_of
        self.end_us = self.end_us_of
        memset(&self.terms, 0, sizeof(Terms))
        self.terms.own_tier = True
        self.slots = <int32_t*>malloc((self.count + 1) * sizeof(int32_t))
        self.indices = <int32_t*>malloc((acd.floor.contacts.limit + 1) * sizeof(int32_t))
        if self.slots == NULL or self.indices == NULL or not agenda_open(&self.agenda, AGENDA_FIRST):
            raise MemoryError
        if breaks_off:
            self.rest_us = <int64_t*>malloc((self.count + 1) * sizeof(int64_t))
            self.begun_us = <int64_t*>malloc((self.count + 1) * sizeof(int64_t))
            self.ends = <uint64_t*>malloc((self.count + 1) * sizeof(uint64_t))
            if self.rest_us == NULL or self.begun_us == NULL or self.ends == NULL:
                raise MemoryError

    def __dealloc__(self):
        free(self.slots)
        free(self.indices)
        free(self.rest_us)
        free(self.begun_us)
        free(self.ends)
        agenda_close(&self.agenda)

    cdef int check(self, arrivals) except -1:
        """See that what the loop relies on holds."""
        cdef int32_t at
        cdef int64_t before = self.acd.floor.now
        cdef int64_t work = 0
        for name in ("class_slot", "tier", "service_us", "patience_us"):
            if len(getattr(arrivals, name)) != self.count:
                raise OutOfRange(f"{name}", len(getattr(arrivals, name)), f"{self.count} items, one for each contact")
        if self.count > self.acd.floor.contacts.limit:
            raise OutOfRange("arrivals", self.count, f"at most {self.acd.floor.contacts.limit} contacts, as the floor was made for")
        for at in range(self.count):
            if self.arrival_us[at] < before or self.arrival_us[at] > TIME_MAX:
                raise OutOfRange(f"arrival_us[{at}]", self.arrival_us[at], f"in {before}…{TIME_MAX}, in order of arrival")
            before = self.arrival_us[at]
            if not 0 <= self.class_slot[at] < self.acd.floor.blocks.count * 64 or not self.acd.floor.classes[self.class_slot[at]].in_use:
                raise OutOfRange(f"class_slot[{at}]", self.class_slot[at], "a class of the floor")
            if not 0 <= self.service_us[at] <= TIME_MAX - work:
                raise OutOfRange(f"service_us[{at}]", self.service_us[at], f"from 0, and all together at most {TIME_MAX}")
            work += self.service_us[at]
            if not WAITS_FOR_EVER <= self.patience_us[at] <= TIME_MAX:
                raise OutOfRange(f"patience_us[{at}]", self.patience_us[at], f"in -1…{TIME_MAX}")
        return 0

    cdef int run(self) except -1:
        """Go from event to event until there is none."""
        cdef Agenda* agenda = &self.agenda
        cdef int32_t arriving = 0
        cdef Entry entry
        while True:
            if arriving < self.count and (agenda.count == 0 or self.arrival_us[arriving] < agenda.heap[0].at):
                self.arrive(arriving)
                arriving += 1
            elif agenda.count:
                entry = agenda_take(agenda)
                if entry.order >> SEQ_BITS == SERVICE_ENDS:
                    # What was put down for work that was broken off meanwhile is void.
                    if not self.breaks_off or self.ends[entry.target] == entry.order:
                        self.end_service(entry.at, entry.target)
                elif self.agent[entry.target] == NONE:
                    self.leave(entry.at, entry.target)
            else:
                return 0

    cdef int arrive(self, int32_t index) except -1:
        """A contact comes in."""
        cdef int64_t at = self.arrival_us[index]
        cdef int32_t slot
        self.start_us[index] = NONE
        self.agent[index] = NONE
        self.end_us[index] = NONE
        if self.breaks_off:
            self.rest_us[index] = self.service_us[index]
        self.acd.run_until(at)
        self.terms.tier = self.tier[index]
        # The core hands out the lowest free slot; a decision within the call already names it.
        slot = self.acd.enqueue(self.class_slot[index], &self.terms)
        self.slots[index] = slot
        self.indices[slot] = index
        self.note()
        # Who is served may wait again where work is broken off.
        if self.patience_us[index] != WAITS_FOR_EVER and (self.breaks_off or self.agent[index] == NONE):
            if not agenda_put(&self.agenda, at + self.patience_us[index], PATIENCE_ENDS, index):
                raise MemoryError
        return 0

    cdef int end_service(self, int64_t at, int32_t index) except -1:
        """An agent is done with a contact."""
        self.acd.run_until(at)
        self.end_us[index] = at
        self.acd.complete(self.slots[index], NONE, 0, True)
        self.note()
        return self.forget()

    cdef int leave(self, int64_t at, int32_t index) except -1:
        """A contact has waited long enough."""
        self.acd.run_until(at)
        self.acd.abandon(self.slots[index])
        self.start_us[index] = at
        self.note()
        return self.forget()

    cdef int note(self) except -1:
        """Read from the decision records what happened, and forget them."""
        if self.breaks_off:
            self.note_breaks()
        else:
            self.note_starts()
        self.acd.floor.record_count = 0
        return 0

    cdef int note_starts(self) except -1:
        """Note who took what, and put down when they will be done."""
        cdef Record* record = self.acd.floor.records
        cdef Record* end = record + self.acd.floor.record_count
        cdef int32_t index
        while record < end:
            if record.kind == RECORD_ACTIVE:
                index = self.indices[record.contact]
                self.start_us[index] = record.at
                self.agent[index] = record.agent
                if not agenda_put(&self.agenda, record.at + self.service_us[index], SERVICE_ENDS, index):
                    raise MemoryError
            record += 1
        return 0

    cdef int note_breaks(self) except -1:
        """Note the same where work may be broken off and taken up again, by this agent or another."""
        cdef Record* record = self.acd.floor.records
        cdef Record* end = record + self.acd.floor.record_count
        cdef int32_t index
        while record < end:
            if record.kind == RECORD_ACTIVE:
                index = self.indices[record.contact]
                if self.start_us[index] == NONE:
                    self.start_us[index] = record.at
                self.agent[index] = record.agent
                self.begun_us[index] = record.at
                self.ends[index] = <uint64_t>SERVICE_ENDS << SEQ_BITS | self.agenda.next_seq
                if not agenda_put(&self.agenda, record.at + self.rest_us[index], SERVICE_ENDS, index):
                    raise MemoryError
            elif record.kind == RECORD_LEG_ENDED and record.x == END_PREEMPTED:
                index = self.indices[record.contact]
                self.rest_us[index] -= record.at - self.begun_us[index]
                self.agent[index] = NONE
                self.ends[index] = NOTHING
            record += 1
        return 0

    cdef int forget(self) except -1:
        """Have the core forget the contacts that have ended, so that its memory stays that of those inside."""
        while self.acd.floor.first_ended != NONE:
            self.acd.forget_one(self.acd.floor.first_ended)
        return 0

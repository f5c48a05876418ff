"""A crowd that waits under a plan while time passes, and a timing wheel that does nothing else, to compare it with.

No Python object is made per contact and the decision records are dropped, so that what is seen is the core alone.
"""

cimport cython
from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.string cimport memset

from ccroute.core.acd cimport Acd
from ccroute.core.defs cimport (
    BRINGS_ASKS, HOST_CLASS, NONE, RECORD_RULE, TIMER_RULE, UNSAID, Floor, Path, Terms, timer_at,
)
from ccroute.core.store cimport fresh, release, store_reserve
from ccroute.core.timers cimport timer_arm, timer_cancel, timers_due, timers_step

from ccroute.errors import OutOfRange

cdef enum:
    STEPS_TOP = 32


@cython.final
cdef class Crowd:
    """Contacts that wait in one class, and the classes to which the steps of their queue's plan lead them.

    :param acd: a floor without agents at work, whose first queue has the plan.
    :param led: class slot by step of the plan.
    :raises OutOfRange: the plan has more than 32 steps.
    """

    cdef Acd acd
    cdef int32_t[STEPS_TOP] led
    cdef Terms terms
    cdef Path path

    def __cinit__(self, Acd acd, led):
        cdef int32_t at
        if len(led) > STEPS_TOP:
            raise OutOfRange("led", len(led), f"at most {STEPS_TOP} classes")
        self.acd = acd
        for at in range(<int32_t>len(led)):
            self.led[at] = led[at]
        memset(&self.terms, 0, sizeof(Terms))
        memset(&self.path, 0, sizeof(Path))
        self.path.due = NONE
        self.path.place_at = NONE
        self.path.expires_after = NONE
        self.path.scope = UNSAID
        self.path.requires = UNSAID
        # Contacts bring no requirement: what a step led one to holds for all.
        self.path.brings = BRINGS_ASKS

    def fill(self, int64_t contacts, int32_t class_slot) -> None:
        """Have contacts come to a class, a microsecond apart."""
        cdef int64_t at
        self.attend()
        try:
            for at in range(contacts):
                self.acd.run_until(self.acd.floor.now + 1)
                self.acd.reserve(1)
                self.acd.come(class_slot, &self.terms, &self.path, False)
                self.acd.settle()
                self.acd.floor.record_count = 0
        finally:
            self.acd.floor.host = NULL

    def pass_time(self, int64_t until_us, int64_t slice_us) -> int:
        """Let time pass, a slice after the other, and return how many steps were carried out."""
        cdef int64_t fired = 0
        cdef int64_t to = self.acd.floor.now
        cdef int32_t at
        self.attend()
        try:
            while to < until_us:
                to = min(until_us, to + slice_us)
                self.acd.run_until(to)
                for at in range(self.acd.floor.record_count):
                    fired += self.acd.floor.records[at].kind == RECORD_RULE
                self.acd.floor.record_count = 0
        finally:
            self.acd.floor.host = NULL
        return fired

    cdef void attend(self) noexcept:
        """Have the core ask here, for the time of a call."""
        self.acd.floor.host = lead
        self.acd.floor.host_self = <void*>self


cdef int lead(void* crowd, int what, int32_t contact, int32_t plan, int32_t step) noexcept nogil:
    """Answer the core, which asks for nothing but the class that a step leads to."""
    with gil:
        (<Crowd>crowd).acd.floor.fetched_class = (<Crowd>crowd).led[(<Crowd>crowd).acd.floor.wanted_step]
    return 1 if what == HOST_CLASS else -1


def run_wheel(Acd acd, int32_t timers, int32_t rounds, int64_t apart_us) -> int:
    """Fire timers a microsecond apart, each of which is armed again ``apart_us`` later, so many rounds; return how many fired.

    :param acd: a floor that nothing happens on.
    :raises MemoryError: there is no memory for so many timers.
    """
    cdef Floor* floor = &acd.floor
    cdef int64_t fired = 0
    cdef int64_t end = floor.now + timers + rounds * apart_us
    cdef int64_t at
    cdef int32_t slot, target
    cdef uint8_t* done = <uint8_t*>fresh(timers, 1)
    if done == NULL or store_reserve(&floor.timers, timers):
        release(done)
        raise MemoryError
    for target in range(timers):
        timer_arm(floor, floor.now + target + apart_us, TIMER_RULE, target)
    while True:
        at = timers_step(floor, end)
        if at < 0:
            break
        floor.now = at
        slot = timers_due(floor)
        while slot != NONE:
            target = timer_at(floor, slot).target
            timer_cancel(floor, slot)
            fired += 1
            done[target] += 1
            if done[target] < rounds:
                timer_arm(floor, at + apart_us, TIMER_RULE, target)
            slot = timers_due(floor)
    release(done)
    return fired

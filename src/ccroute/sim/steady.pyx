"""A floor in a steady state: contacts end and come at random, as many of one as of the other, a microsecond apart.

It knows by itself who is at work on what, and hears from the core only who took which contact. No Python object is made
per contact, and the random numbers come from a generator of its own: equal seeds make equal runs.
"""

cimport cython
from libc.stdint cimport int32_t, int64_t, uint64_t, uint8_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memset

from ccroute.core.acd cimport Acd
from ccroute.core.defs cimport (
    AVAILABLE, CONTACT_QUEUED, NONE, PENDING_DECLINE, RECORD_ACTIVE, Contact, Record, Terms, contact_at,
)
from ccroute.core.store cimport store_next

from ccroute.errors import EngineBug, OutOfRange

cdef extern from *:
    """
    /* xorshift64*, of Vigna, "An experimental exploration of Marsaglia's xorshift generators", 2016. */
    static inline uint64_t ccroute_random(uint64_t *state) {
        uint64_t x = *state;
        x ^= x >> 12; x ^= x << 25; x ^= x >> 27;
        *state = x;
        return x * 2685821657736338717ULL;
    }
    static inline int32_t ccroute_below(uint64_t random, int32_t limit) {
        return (int32_t)(((random >> 32) * (uint64_t)limit) >> 32);
    }
    """
    uint64_t random_word "ccroute_random"(uint64_t*) noexcept nogil
    int32_t random_below "ccroute_below"(uint64_t, int32_t) noexcept nogil

cdef enum:
    VIP_MASK = 15                 # one contact in 16 is a VIP


@cython.final
cdef class SteadyFloor:
    """A floor under way, and who is at work on what.

    :param acd: a floor of ``open_floor``, its agents offline.
    :param class_slots: ``array("i")``: the class of the core that each class of contacts waits in.
    :param serves: who serves what: a row of whole bytes per class, with a bit per profile, the lowest first.
    :param profile_of: ``array("i")``: the profile of each agent.
    :param profiles: how many profiles there are.
    :param seed: where the random numbers begin, not 0.
    :raises OutOfRange: the arrays do not fit together.
    """

    cdef Acd acd
    cdef const int32_t[::1] class_slots
    cdef const uint8_t[::1] serves          # a row per class
    cdef const int32_t[::1] profile_of
    cdef int64_t row_bytes
    cdef int32_t agents
    cdef int32_t classes
    cdef uint64_t state
    cdef Terms terms                        # of the contact that comes in
    cdef int32_t* contact_of                # by agent: the contact it is at work on, NONE while idle
    cdef int64_t* idle_since                # by agent
    cdef int32_t* busy                      # agents at work, in any order
    cdef int32_t* place                     # by agent: where it stands in busy
    cdef int32_t* class_of                  # by contact slot: its class
    cdef int32_t busy_count
    cdef int64_t taken                      # contacts that agents took so far
    cdef int32_t took_contact               # of the last one taken, NONE: nobody took any
    cdef int32_t took_agent

    def __cinit__(self, Acd acd, class_slots, serves, profile_of, int32_t profiles, uint64_t seed):
        self.acd = acd
        self.class_slots = class_slots
        self.serves = serves
        self.profile_of = profile_of
        self.row_bytes = (profiles + 7) // 8
        self.agents = <int32_t>len(profile_of)
        self.classes = <int32_t>len(class_slots)
        self.state = seed
        memset(&self.terms, 0, sizeof(Terms))
        self.terms.own_tier = True
        if seed == 0:
            raise OutOfRange("seed", seed, "other than 0")
        if len(serves) != self.classes * self.row_bytes:
            raise OutOfRange("serves", len(serves), f"{self.row_bytes} bytes for each of {self.classes} classes")
        if self.agents != acd.floor.agents.count or self.agents == 0 or self.classes == 0:
            raise OutOfRange("profile_of", self.agents, f"the profile of each of {acd.floor.agents.count} agents, at least 1")
        self.contact_of = <int32_t*>calloc(self.agents, sizeof(int32_t))
        self.idle_since = <int64_t*>calloc(self.agents, sizeof(int64_t))
        self.busy = <int32_t*>calloc(self.agents, sizeof(int32_t))
        self.place = <int32_t*>calloc(self.agents, sizeof(int32_t))
        self.class_of = <int32_t*>malloc(acd.floor.contacts.limit * sizeof(int32_t))
        if (
            self.contact_of == NULL or self.idle_since == NULL or self.busy == NULL or self.place == NULL
            or self.class_of == NULL
        ):
            raise MemoryError
        # Written now (0 would do nothing: gcc turns it into calloc), so that the memory taken later is the core's.
        memset(self.class_of, 0xFF, acd.floor.contacts.limit * sizeof(int32_t))

    def __dealloc__(self):
        free(self.contact_of)
        free(self.idle_since)
        free(self.busy)
        free(self.place)
        free(self.class_of)

    # ---- before ------------------------------------------------------------------------------------------------

    def sign_in(self, first_class) -> None:
        """Have every agent come in; where ``first_class[agent]`` is a class, a contact of it comes with the agent.

        Nobody else is idle then who could take it, as long as all agents before came with a contact, too.
        """
        cdef int32_t agent
        for agent in range(self.agents):
            self.tick()
            self.acd.presence(agent, AVAILABLE, PENDING_DECLINE, False)
            self.acd.floor.record_count = 0
            self.contact_of[agent] = NONE
            self.idle_since[agent] = self.acd.floor.now
            if first_class[agent] != NONE:
                self.add(first_class[agent], 0)

    def fill(self, int64_t contacts) -> None:
        """Have contacts of random classes come; one in 16 is a VIP."""
        cdef int64_t at
        for at in range(contacts):
            self.tick()
            self.add_any()

    # ---- the two regimes ---------------------------------------------------------------------------------------

    def saturated(self, int64_t iterations) -> None:
        """Each iteration finishes the contact of a random agent at work, which takes its best next, and adds a contact."""
        cdef int64_t at
        for at in range(iterations):
            self.tick()
            self.finish(self.any_busy())
            self.add_any()

    def idle(self, int64_t iterations) -> None:
        """Each iteration adds a contact, which goes to its longest-idle agent, and finishes one of a random agent at work."""
        cdef int64_t at
        for at in range(iterations):
            self.tick()
            self.add_any()
            self.finish(self.any_busy())

    def checked(self, int64_t iterations, bint is_idle) -> None:
        """Do the same slowly, and compare each assignment with a look at every waiting contact or every agent.

        :raises EngineBug: the core chose another pair than the least one, or none where there was one.
        """
        cdef int64_t at
        for at in range(iterations):
            self.tick()
            if is_idle:
                self.checked_add()
                self.checked_finish(self.any_busy())
            else:
                self.checked_finish(self.any_busy())
                self.checked_add()

    @property
    def busy_agents(self) -> int:
        """Agents at work."""
        return self.busy_count

    @property
    def taken_contacts(self) -> int:
        """Contacts that agents took so far: decisions that ended in an offer."""
        return self.taken

    # ---- what happens ------------------------------------------------------------------------------------------

    cdef int tick(self) except -1:
        """A microsecond passes, so that no two agents or contacts have the same place."""
        return self.acd.run_until(self.acd.floor.now + 1)

    cdef int32_t any_busy(self) noexcept:
        # There is always one: a contact inside is served or finds no idle agent who may.
        return self.busy[random_below(random_word(&self.state), self.busy_count)]

    cdef int add_any(self) except -1:
        cdef uint64_t random = random_word(&self.state)
        return self.add(random_below(random, self.classes), (random & VIP_MASK) == 0)

    cdef int add(self, int32_t class_index, int32_t tier) except -1:
        """A contact comes in. Slots are handed out lowest first, so a decision in the same call already names this one's."""
        cdef int32_t slot
        self.terms.tier = tier
        slot = self.acd.enqueue(self.class_slots[class_index], &self.terms)
        self.class_of[slot] = class_index
        self.note_taken()
        return 0

    cdef int finish(self, int32_t agent) except -1:
        """An agent is done with its contact, which the core then forgets."""
        cdef int32_t contact = self.contact_of[agent]
        self.busy_count -= 1
        self.busy[self.place[agent]] = self.busy[self.busy_count]
        self.place[self.busy[self.busy_count]] = self.place[agent]
        self.contact_of[agent] = NONE
        self.idle_since[agent] = self.acd.floor.now
        self.acd.complete(contact, NONE, 0, True)
        self.note_taken()
        self.acd.forget_one(contact)
        return 0

    cdef void note_taken(self) noexcept:
        """Read from the decision records who took what."""
        cdef Record* record = self.acd.floor.records
        cdef Record* end = record + self.acd.floor.record_count
        self.took_contact = NONE
        while record < end:
            if record.kind == RECORD_ACTIVE:
                self.took_contact = record.contact
                self.took_agent = record.agent
                self.contact_of[record.agent] = record.contact
                self.place[record.agent] = self.busy_count
                self.busy[self.busy_count] = record.agent
                self.busy_count += 1
                self.taken += 1
            record += 1
        self.acd.floor.record_count = 0

    # ---- comparing ---------------------------------------------------------------------------------------------

    cdef bint may(self, int32_t agent, int32_t class_index) noexcept:
        cdef int32_t profile = self.profile_of[agent]
        return (self.serves[class_index * self.row_bytes + (profile >> 3)] >> (profile & 7)) & 1

    cdef int checked_finish(self, int32_t agent) except -1:
        cdef int32_t contact = self.longest_waiting(agent)
        self.finish(agent)
        return self.compare(contact, agent)

    cdef int checked_add(self) except -1:
        cdef uint64_t state = self.state
        cdef int32_t agent = self.longest_idle(random_below(random_word(&state), self.classes))
        # The new contact is the only one that an idle agent may take: any other would have gone before.
        cdef int64_t seq = self.acd.floor.next_contact_seq
        self.add_any()
        if self.took_contact != NONE and contact_at(&self.acd.floor, self.took_contact).seq != seq:
            raise EngineBug(f"contact {self.took_contact} was taken when another came")
        return self.compare(NONE if agent == NONE else self.took_contact, agent)

    cdef int compare(self, int32_t contact, int32_t agent) except -1:
        """Raise unless this agent took this contact, NONE: nobody took any."""
        if contact == NONE and (agent == NONE or self.took_contact == NONE):
            if self.took_contact == NONE and (agent == NONE or self.contact_of[agent] == NONE):
                return 0
        elif self.took_contact == contact and self.took_agent == agent:
            return 0
        raise EngineBug(f"agent {agent} was to take contact {contact}, but {self.took_agent} took {self.took_contact}")

    cdef int32_t longest_waiting(self, int32_t agent) noexcept:
        """Return the contact that an agent should take next. O(contacts)."""
        cdef int32_t slot = store_next(&self.acd.floor.contacts, 0)
        cdef int32_t best = NONE
        cdef Contact* one
        cdef Contact* other = NULL
        while slot != NONE:
            one = contact_at(&self.acd.floor, slot)
            if one.state == CONTACT_QUEUED and self.may(agent, self.class_of[slot]):
                if best == NONE or one.tier > other.tier or (one.tier == other.tier and one.seq < other.seq):
                    best = slot
                    other = one
            slot = store_next(&self.acd.floor.contacts, slot + 1)
        return best

    cdef int32_t longest_idle(self, int32_t class_index) noexcept:
        """Return the agent who should take a contact of a class. O(agents)."""
        cdef int32_t best = NONE
        cdef int32_t agent
        for agent in range(self.agents):
            if self.contact_of[agent] == NONE and self.may(agent, class_index):
                if best == NONE or self.idle_since[agent] < self.idle_since[best]:
                    best = agent
        return best

"""A growing row of 64-bit integers: what a snapshot of the core is written to and read from."""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.string cimport memcpy

from ccroute.core.store cimport fresh, grow, release


@cython.final
cdef class Tape:
    """A growing row of integers."""

    def __cinit__(self, bytes data=None):
        if data is not None:
            self.count = PyBytes_GET_SIZE(data) // 8
            self.items = <int64_t*>fresh(self.count, 8)
            if self.items == NULL:
                raise MemoryError
            memcpy(self.items, PyBytes_AS_STRING(data), self.count * 8)

    def __dealloc__(self):
        release(self.items)

    cdef int put(self, int64_t value) except -1:
        """Append a number."""
        cdef int64_t capacity
        if self.count == self.capacity:
            capacity = self.capacity * 2 + 256
            if grow(<void**>&self.items, self.capacity, capacity, 8):
                raise MemoryError
            self.capacity = capacity
        self.items[self.count] = value
        self.count += 1
        return 0

    cdef int64_t take(self, int64_t low, int64_t high) except? -7777777777777777:
        """Return the next number, which lies within bounds; otherwise the tape is not ours."""
        cdef int64_t value
        if self.at >= self.count:
            raise ValueError("the tape ends too early")
        value = self.items[self.at]
        if value < low or value > high:
            raise ValueError(f"number {self.at} is {value}, not from {low} to {high}")
        self.at += 1
        return value

    cdef int64_t take_any(self) except? -7777777777777777:
        """Return the next number, whatever it is."""
        if self.at >= self.count:
            raise ValueError("the tape ends too early")
        self.at += 1
        return self.items[self.at - 1]

    def bytes(self) -> bytes:
        """Return the numbers, eight bytes each, in the machine's order."""
        return PyBytes_FromStringAndSize(<char*>self.items, self.count * 8)

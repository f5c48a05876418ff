"""The engine: names around the integer core. Commands in, events out; nothing here waits, reads a clock or does I/O."""

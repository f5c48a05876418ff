"""Measuring, in CPU time throughout: known traces, the core alone, the engine whole."""

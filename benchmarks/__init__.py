"""Measuring ccroute: benchmarks with pytest-benchmark, rivals side by side, and how cost grows."""

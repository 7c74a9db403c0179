"""Benchmarks: ratios against bare libraries and peers, side by side in one run."""

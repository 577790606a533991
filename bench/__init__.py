"""The benchmarks: what Party Dibs does in a second, as ratios to real baselines measured side by side in one run."""

"""The benchmarks: what Party Dibs does in a second, as ratios to baselines measured in the same run."""

"""`morestack bench`: the benchmark suite, and the page of its results."""

"""`make bench`: rows of figures beside real Go, measured in one run."""

"""The collector: roots, marking, sweeping, pacing, specials."""

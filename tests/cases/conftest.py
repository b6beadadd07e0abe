"""`--update` rewrites the expected sections of cases from real runs; review the diff."""

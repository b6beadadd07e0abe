"""Many profiles at once: `rows` (what one gives), `collect` (a folder or a cluster into one Parquet file), `query`."""

"""Profiles and dumps of programs built by Go's own compiler, and what they say about stacks.

Reading: `target` (a path, standard input, a URL), `read` (what is it), `pprof`, `counts`, `dump` (the forms), `sizes`
(each frame's bytes, from a binary). What is read is a `process.model.Snapshot` where it is of goroutines, else a
`model.Profile`.

Saying: `allocator` (Go's stack sizes, simulated), `growth`, `advise`, `budget`, `annotate`; `formats/` writes any of
them for other tools, from a `paths.PathSet`.
"""

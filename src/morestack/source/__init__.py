"""Files, spans and diagnostics: where every byte of a program came from and what is wrong with it."""

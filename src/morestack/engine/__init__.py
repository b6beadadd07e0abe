"""Running a program: linking, settings, threads, stack disciplines, and stepping through the runtime."""

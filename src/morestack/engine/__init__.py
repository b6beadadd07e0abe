"""Running compiled programs: object cache, JIT linking, OS threads, and the program's life."""

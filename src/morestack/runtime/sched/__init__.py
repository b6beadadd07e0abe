"""The scheduler: queues, threads, parking, timers, stopping the world, system calls."""

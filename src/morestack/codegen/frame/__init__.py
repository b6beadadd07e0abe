"""A goroutine function's frame: its segments, what is live in them, and where each value lies."""

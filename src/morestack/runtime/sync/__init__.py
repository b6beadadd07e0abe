"""What goroutines wait for: channels, select, semaphores, time."""

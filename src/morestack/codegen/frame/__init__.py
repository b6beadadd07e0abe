"""A goroutine function's frame: where it is cut, what is live, where everything lies."""

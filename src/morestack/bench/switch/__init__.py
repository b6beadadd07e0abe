"""`morestack switch`: what a switch of goroutines changes, and what it costs."""

"""What compiled code and the runtime both know."""

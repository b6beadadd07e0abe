"""What happened on the stacks, for people: event rings, reports, and the stages of a program shown."""

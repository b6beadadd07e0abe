"""Types, declared objects, scopes and the universe: what the checker's answers are made of."""

"""Types, declared objects, scopes and the universe, of which the checker's results consist."""

"""`morestack compare`: one program under every discipline, and for several values of a constant."""

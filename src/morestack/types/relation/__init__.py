"""How types relate: fields and methods, interfaces, conversion, unification and inference."""

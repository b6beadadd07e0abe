"""Go's values: strings, slices, maps, interfaces, complex numbers, the digits of floats."""

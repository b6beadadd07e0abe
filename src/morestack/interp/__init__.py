"""An interpreter that defines every op of the IR by executing it."""

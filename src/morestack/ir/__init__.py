"""The typed control-flow-graph IR between checked Go and LLVM: one instruction class, one op table."""

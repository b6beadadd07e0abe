"""What measures: one program or a suite under every discipline, beside real Go."""

"""Operations on operands: what the builders of syntax emit."""

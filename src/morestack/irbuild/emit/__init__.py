"""Operations on operands, which the builders of syntax emit."""

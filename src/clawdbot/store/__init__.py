"""What is kept, and where: one contract, several engines."""

"""What can move or change cells: small functions of arrays that scenarios compose."""

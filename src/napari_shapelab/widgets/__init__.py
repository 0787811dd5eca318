"""Qt parts that know no simulation."""

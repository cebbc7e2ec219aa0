"""What payments needs of the world, one file for each part of it."""

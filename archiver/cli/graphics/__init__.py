"""Small pictures on terminals that can draw them."""

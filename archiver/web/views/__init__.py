"""What the page shows: a module a view."""

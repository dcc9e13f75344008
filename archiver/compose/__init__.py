"""The parts put together from the settings. Prints nothing: remarks go to whoever shows them."""

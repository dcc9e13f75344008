"""Build the parts from the settings. Prints nothing: remarks go to the caller's `Remarks`."""

"""The protocol of search engines: queries, hits, facets, pages."""

// The headers that tests share belong to a target of their own, and a target needs a source.

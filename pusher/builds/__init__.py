"""Models, seeds and tests run in the engine, in the order of the graph, several at a time."""

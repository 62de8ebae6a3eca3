"""The shell over processes: wire, journal, keeper, engine, registry, client."""

"""Peak memory, the arena, and what crosses the memory bus."""

"""Memory: pages, spans, size classes, processors' caches and the allocator, and records that are never freed."""

"""Configuration: the worker's file, its sections, zones and schedules."""

"""
Camera-days: what a fixed camera sees from midnight to midnight, watched as the worker watches.

    python -m benchmarks.days --cameras 1-4 --hours 0-24 --processes 2 --pictures FOLDER --json FILE

Films of twenty seconds are packed with what looks like smoke; days are not, and have dawns, showers and rush hours.
"""

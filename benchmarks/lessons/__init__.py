"""
Lessons: rendered pictures a detector may learn from, of what photographs show too rarely (decision 0052).

    python -m benchmarks.lessons OUT --photographs PICTURES --over 5000 --places 2

writes a YOLO folder: plumes of the scenes' renderer laid over photographs without any, and pictures of places to
develop on with seeds and strengths no scene has. Held-out scenes have no part in it.
"""

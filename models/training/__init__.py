"""
From a folder of labelled images to a released smoke and fire detector.

The path of a model: :mod:`dataset` assembles images and labels, :mod:`repair` marks what the sources left unlabelled,
:mod:`store` keeps every image in device memory, :mod:`synthetic` paints plumes and look-alikes into spare slots of that
store, :mod:`batches` draws augmented batches from it, :mod:`train` runs a :mod:`recipe` against a wall-clock budget,
:mod:`evaluate` measures by group and look-alike kind, and :mod:`record` says how it was made. A smaller model starts as
a larger one with channels cut (:mod:`slimming`) and may learn from its answers (:mod:`objective`); :mod:`team` lets
several processes train one model. Without a GPU :mod:`tune` trains the end of a class branch alone (:mod:`head`), on
neighbourhoods of chosen anchors (:mod:`anchors`) in pictures as cameras give them, mirrored or painted (:mod:`views`).
``models/yolo.py`` exports the result.

``torch`` and ``ultralytics`` (extra ``plumewatch[train]``) are imported here and in ``models/yolo.py`` only.
"""

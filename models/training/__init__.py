"""
From a folder of labelled images to a released smoke and fire detector.

The path of a model: :mod:`dataset` assembles images and labels, :mod:`repair` marks what the sources left unlabelled,
:mod:`store` keeps every image in device memory, :mod:`synthetic` paints plumes and look-alikes into spare slots of that
store, and :mod:`batches` draws augmented batches from it. :mod:`train` starts a :mod:`student` as a :mod:`recipe` says
and runs it (:mod:`run`) against a wall-clock budget; :mod:`objective` is what a step minimises, a teacher's answers
included, and :mod:`team` lets several processes train one model. :mod:`evaluate` measures by group and look-alike kind,
:mod:`record` says how the model was made, :mod:`candidate` makes a release of it, exported by ``models/yolo.py``.

Smaller or faster models begin as trained ones: with channels cut (:mod:`pruning`), or with another :mod:`activation`
and each convolution refitted to what it gave before (:mod:`refit`). Methods that no shipped model uses were deleted;
decision 0087 says where they stand.

``torch`` and ``ultralytics`` (extra ``plumewatch[train]``) are imported here and in ``models/yolo.py`` only.
"""

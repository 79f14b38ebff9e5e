"""Time cleaned of what isn't the test's fault: what tests are judged by."""

from paceline.model.metric import Metric

#: The first whose inputs are all recorded is the one that a run has; its declaration says which.
METRICS = (
    Metric(
        name="clean_time",
        unit="s",
        derived=("duration", "run_delay", "gc_time"),
        description="Wall time without waiting for a processor and without garbage collection.",
    ),
    Metric(
        name="clean_time",
        unit="s",
        derived=("cpu_time", "gc_time"),
        description="CPU time without garbage collection, where the system doesn't tell how long a thread "
        "waited for a processor: it lacks sleeps, files and databases.",
    ),
)

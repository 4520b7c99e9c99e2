// The module `runs` that Python stages import to report metrics, params and summaries. Its text is written next to the
// store, so that nothing has to be installed.

import Glibc
import Model
import Programs
import Workspace

extension Run {
    /// Writes the module, and the hook into imports, where they are missing or of another version.
    func preparePythonModules() throws(Failure) {
        try preparePythonFolder()
        try prepare(pythonModule, at: RunFiles.pythonModule)
        try prepare(pythonHook, at: RunFiles.pythonHook)
    }

    private func prepare(_ text: String, at path: String) throws(Failure) {
        let area = preparation.area
        if StateFile.text("\(root)/\(path)") == text { return }
        // A rename, so that a stage of another run never finds half of it.
        let new = "\(path).\(identity.run)"
        try asFailure { () throws(WorkspaceFailure) in
            try area.makeParents(of: new)
            try area.write(text, to: new)
        }
        guard rename("\(root)/\(new)", "\(root)/\(path)") == 0 else {
            throw Failure(.workspace, "\(path) cannot be written: \(String(cString: strerror(errno))).")
        }
    }
}

/// For Python 3.6 and later, with nothing but its standard library. It must never harm the program that imports it:
/// no function raises, blocks or takes a lock.
let pythonModule = #"""
    """Reports figures of this stage to `runs`, while it runs. Does nothing when the program is started otherwise.

    import runs
    runs.param(optimizer="adam", model={"layers": 4})   # what was chosen
    if not runs.report(step=3, loss=0.4, accuracy=0.9): # a point of a curve
        save_and_exit()                                 # False: the stage's timeout is near
    runs.summary(accuracy=0.93)                         # what counts in the end

    No function raises an exception: what cannot be recorded is noted on stderr once, and counted in the note of the
    execution.
    """

    import atexit
    import functools
    import json
    import os
    import sys
    import time

    __all__ = ["input", "param", "report", "summary"]

    _most_bytes = 1 << 20
    _most_elements = 100  # of an array that is recorded as a list
    _started = _last_report = time.time()
    _file = None  # descriptor, device and inode
    _is_torn = False  # the last line may lack its end
    _lost = [0, ""]  # reports that were not written, and why the first was not
    _has_warned = False


    def _never_raises(function):
        @functools.wraps(function)
        def call(*arguments, **named):
            try:
                return function(*arguments, **named)
            except Exception as error:
                _lose(error)
                return True if function.__name__ == "report" else None

        return call


    @_never_raises
    def report(values=None, step=None, **metrics):
        """Adds numbers; `step` is a whole number. Objects inside are flattened: {"val": {"loss": 1}} is val.loss.

        Returns False when the program should save its state and end, since its timeout is near.
        """
        line = dict(_members(values), **metrics)
        if step is not None:
            line["step"] = step
        try:
            _write(line)
        except Exception as error:
            _lose(error)
        return not _must_stop()


    @_never_raises
    def param(values=None, **params):
        """Records what this stage was done with. It does not become part of the key that decides what runs again."""
        _write({"param": dict(_members(values), **params)})


    @_never_raises
    def summary(values=None, **metrics):
        """Adds numbers without a step: what counts in the end."""
        _write({"summary": dict(_members(values), **metrics)})


    @_never_raises
    def input(path):
        """Names a file of the project that was read: the stage runs again when it changes. Modules need no naming."""
        _write({"input": os.path.abspath(path)})


    def _members(values):
        if values is None:
            return {}
        # A namespace, as argparse makes it.
        return vars(values) if hasattr(values, "__dict__") and not hasattr(values, "keys") else values


    def _must_stop():
        """Whether the next report may come too late. A tenth of the time, at most a minute, is for saving."""
        global _last_report
        deadline = os.environ.get("RUNS_DEADLINE")
        if not deadline:
            return False
        now, last = time.time(), _last_report
        _last_report = now
        return float(deadline) - now < min((float(deadline) - _started) / 10, 60) + (now - last)


    def _write(line):
        path = os.environ.get("RUNS_METRICS")
        if not path:
            return
        try:
            data = _encode(line)
        except Exception:
            data = _encode(_encodable(line, ()))
        if len(data) > _most_bytes:
            raise ValueError("a report of more than 1 MiB")
        _append(path, data)
        if _lost[0]:
            _report_lost(path)


    def _append(path, data):
        """One write at the end of the file: threads and processes do not mix their lines."""
        global _file, _is_torn
        file = _file
        if file is None or not _is_open(file):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o664)
            status = os.fstat(descriptor)
            file = _file = (descriptor, status.st_dev, status.st_ino)
        data = b"\n" + data if _is_torn else data
        written = os.write(file[0], data)
        _is_torn = written < len(data)
        if _is_torn:
            raise OSError("only a part of a report was written; the disk may be full")


    def _is_open(file):
        """Programs close descriptors that they do not know, and open other files under the same number."""
        try:
            status = os.fstat(file[0])
            return (status.st_dev, status.st_ino) == file[1:]
        except OSError:
            return False


    def _encode(line):
        # Text that is not Unicode, as in names of files, gets question marks.
        return (json.dumps(line, default=_plain, ensure_ascii=False) + "\n").encode("utf-8", "replace")


    def _plain(value):
        """Numbers of NumPy, PyTorch and the like, objects and short lists; anything else as its text."""
        for convert in ("item", "__float__"):
            try:
                return getattr(value, convert)()
            except Exception:
                pass
        if hasattr(value, "shape"):
            size = value.numel() if hasattr(value, "numel") else value.size
            is_list = size <= _most_elements and hasattr(value, "tolist")
            return value.tolist() if is_list else "%s of shape %s" % (type(value).__name__, tuple(value.shape))
        if hasattr(value, "items"):
            return dict(value.items())
        if hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
            return {name: getattr(value, name) for name in value.__dataclass_fields__}
        return list(value) if isinstance(value, (set, frozenset)) else str(value)


    def _encodable(value, parents):
        """The same with names as text, and a remark in the place of what JSON cannot hold."""
        try:
            if id(value) in parents or len(parents) > 50:
                return "circular, or nested too deep"
            if not isinstance(value, (dict, list, tuple, str, int, float, type(None))):
                value = _plain(value)
            inside = parents + (id(value),)
            if isinstance(value, dict):
                return {_name(key): _encodable(inner, inside) for key, inner in value.items()}
            if isinstance(value, (list, tuple)):
                return [_encodable(inner, inside) for inner in value]
            if isinstance(value, int) and not -(1 << 64) < value < 1 << 64:
                return float(value)
            json.dumps(value)
            return value
        except Exception as error:
            return "%s: %s" % (type(error).__name__, error)


    def _name(key):
        """`val.loss` for ("val", "loss")."""
        return ".".join(map(str, key)) if isinstance(key, tuple) else str(key)


    def _lose(error):
        """Counts a report that was not written, and warns once."""
        global _has_warned
        try:
            if not os.environ.get("RUNS_METRICS"):
                return
            reason = "%s: %s" % (type(error).__name__, error)
            _lost[1] = _lost[1] if _lost[0] else reason[:200]
            _lost[0] += 1
            if not _has_warned:
                _has_warned = True
                sys.stderr.write("runs: warning: a report was not recorded (%s)\n" % reason)
        except Exception:
            pass


    def _report_lost(path):
        count, example = _lost
        _append(path, _encode({"unreported": {"count": count, "example": example}}))
        _lost[0] -= count


    @atexit.register
    def _end():
        try:
            if _lost[0]:
                _report_lost(os.environ["RUNS_METRICS"])
        except Exception:
            pass


    def _forget_lost():
        """What was lost before a fork is reported by the parent."""
        _lost[0] = 0


    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_forget_lost)

    """#

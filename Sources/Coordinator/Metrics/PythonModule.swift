// The module `runs` that Python stages import to report metrics, params and summaries. Its text is written next to the
// store, so that nothing has to be installed.

import Glibc
import Model
import Programs
import Workspace

extension Run {
    /// Writes the module, and the hook into imports, where they are missing or of another version.
    func preparePythonModules() throws(Failure) {
        try prepare(pythonModule, at: RunFiles.pythonModule)
        try prepare(pythonHook, at: RunFiles.pythonHook)
    }

    private func prepare(_ text: String, at path: String) throws(Failure) {
        let area = preparation.area
        if readText("\(root)/\(path)") == text { return }
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

/// Less than 60 lines, for Python 3.6 and later, with nothing but its standard library.
let pythonModule = #"""
    """Reports figures of this stage to `runs`, while it runs. Does nothing when the program is started otherwise.

    import runs
    runs.param(optimizer="adam", model={"layers": 4})   # what was chosen
    runs.report(step=3, loss=0.4, accuracy=0.9)         # a point of a curve
    runs.summary(accuracy=0.93)                         # what counts in the end
    """

    import json
    import os

    __all__ = ["input", "param", "report", "summary"]
    _file = None


    def report(values=None, step=None, **metrics):
        """Adds numbers; `step` is a whole number. Objects inside are flattened: {"val": {"loss": 1}} is val.loss."""
        line = dict(values or {}, **metrics)
        if step is not None:
            line["step"] = step
        _write(line)


    def param(values=None, **params):
        """Records what this stage was done with. It does not become part of the key that decides what runs again."""
        _write({"param": dict(values or {}, **params)})


    def summary(values=None, **metrics):
        """Adds numbers without a step."""
        _write({"summary": dict(values or {}, **metrics)})


    def input(path):
        """Names a file of the project that was read: the stage runs again when it changes. Modules need no naming."""
        _write({"input": os.path.abspath(path)})


    def _write(line):
        global _file
        path = os.environ.get("RUNS_METRICS")
        if not path:
            return
        text = json.dumps(line, default=_plain) + "\n"
        # One write a line at the file's end: threads and processes do not mix their lines.
        if _file is None:
            _file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        os.write(_file, text.encode())


    def _plain(value):
        """Numbers of NumPy, PyTorch and the like; anything else as its text."""
        for method in ("item", "tolist"):
            if hasattr(value, method):
                return getattr(value, method)()
        return str(value)

    """#
